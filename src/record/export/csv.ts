// Readings as a table: a row a step, a column a metric, runs one below another, as pandas and spreadsheets read it. Pure.
import { align } from "../align";
import { inOrder } from "../summary";
import type { Exporter, ExportedRun } from "./exporter";

/** RFC 4180. A text that a spreadsheet would take for a formula is kept from being one. */
export function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Every digit; NaN, Infinity and -Infinity as Python's float() and pandas read them. */
const numberCell = (value: number | undefined): string => (value === undefined ? "" : String(value));

/** Rows of one string: enough for the disk, little for the memory. */
const rowsTogether = 1000;

function* csv(runs: readonly ExportedRun[]): Generator<string> {
  const names = inOrder(runs.flatMap(({ series }) => [...series.columns.keys()]));
  yield `${["run", "step", "time", ...names].map(cell).join(",")}\n`;
  for (const { info, series } of runs) {
    const id = cell(info.id);
    const { steps, rows } = align([series.clock, ...names.map((name) => series.column(name))]);
    for (let from = 0; from < steps.length; from += rowsTogether) {
      let text = "";
      for (let i = from; i < Math.min(from + rowsTogether, steps.length); i++)
        text += `${id},${steps[i]},${rows.map((row) => numberCell(row[i])).join(",")}\n`;
      yield text;
    }
  }
}

export const csvExporter: Exporter = {
  format: "csv",
  summary: "every reading: a row a step, a column a metric",
  fileName: (base) => `${base}.csv`,
  parts: (runs) => [{ path: "", data: csv(runs) }],
};
