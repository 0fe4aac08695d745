// The latest reading of every metric as rows of a table, and as text for other programs. Pure.
import { placeOf } from "../../src/protocol/metrics";
import { cell } from "../../src/record/export/csv";
import type { LatestReading } from "../../src/record/runSeries";
import { count, metricNum, num } from "../format";
import { isFolded, measuredBy } from "./provenance";
import type { RunModel } from "./runModel";

export interface NumberRow {
  readonly name: string;
  readonly label: string;
  readonly value: number;
  /** Half the error bar; undefined where none was recorded. */
  readonly error: number | undefined;
  readonly step: number;
  /** Steps between this reading and the newest one of the table. */
  readonly behind: number;
  /** How, and by what. */
  readonly how: string;
}

/** In the order of the registry; what it does not know comes last. Numbers that stand in another one's error bar have no row. */
export function numberRows(run: RunModel): NumberRow[] {
  const { series } = run;
  const shown = [...series.latest].flatMap(([name, reading]) =>
    isFolded(name) || typeof reading.value !== "number" ? [] : [{ name, reading, value: reading.value }],
  );
  const newest = Math.max(...shown.map(({ reading }) => reading.step));
  return shown
    .map(({ name, reading, value }) => ({
      name,
      label: series.infoOf(name).label,
      value,
      error: typeof reading.error === "number" ? reading.error : undefined,
      step: reading.step,
      behind: newest - reading.step,
      how: howOf(reading),
    }))
    .sort((a, b) => placeOf(a.name) - placeOf(b.name));
}

const howOf = (reading: LatestReading): string =>
  [reading.how, measuredBy(reading)].filter((part) => part !== undefined).join(", ");

/** A row's cells as a reader sees them, in the order of `numberHeadings`. */
export const cellsOf = ({ name, label, value, error, step, behind, how }: NumberRow): string[] => [
  label,
  metricNum(name, value),
  error === undefined ? "" : `± ${num(error)}`,
  behind > 0 ? `${count(step)} (${count(behind)} earlier)` : count(step),
  how,
];

export const numberHeadings = ["metric", "value", "error bar", "step", "how"] as const;

/** Rows whose metric, name or way of measuring holds every word of a search. */
export function matching(rows: readonly NumberRow[], search: string): NumberRow[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(({ name, label, how }) => {
    const text = `${name} ${label} ${how}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** Columns under one another, for a message or a note. */
export function textOf(rows: readonly NumberRow[]): string {
  const table = [[...numberHeadings], ...rows.map(cellsOf)];
  const widths = numberHeadings.map((_, i) => Math.max(...table.map((cells) => cells[i].length)));
  return table
    .map((cells) =>
      cells
        .map((cell, i) => cell.padEnd(widths[i]))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Names and numbers in full, for another program. */
export function csvOf(rows: readonly NumberRow[]): string {
  const lines = rows.map(({ name, label, value, error, step, how }) =>
    [cell(name), cell(label), value, error ?? "", step, cell(how)].join(","),
  );
  return `${["name", "metric", "value", "error", "step", "how"].join(",")}\n${lines.join("\n")}\n`;
}
