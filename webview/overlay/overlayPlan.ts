// A chart over several runs: one line a run, in the run's colour, along a common axis. Pure.
import type { Column } from "../../src/record/column";
import { runColorOn } from "../../src/record/export/runColors";
import { limitOver, limitsOf, type RunLimits } from "../../src/record/limits";
import { mapped } from "../../src/record/mapped";
import { letterOf } from "../../src/record/runSlots";
import { shownLines, type Level, type Line, type LineChart, type Plan } from "../charts/chart";
import type { RunModel } from "../store/runModel";
import { along, axes, type AxisId } from "./axes";

/** A line of more points is a band in which no dash is seen, and which takes long to dash: its letter tells it apart. */
const dense = 2000;

/** A run with its place among the colours. */
export interface OverlaidRun {
  readonly run: RunModel;
  readonly slot: number;
}

export interface OverlayOptions {
  readonly axis: AxisId;
  /** Values as fractions of what the run's own settings allow, where the chart has such a limit. */
  readonly normalized: boolean;
  readonly log: boolean;
  /** The label of the line that is drawn of each run; undefined for its main one. */
  readonly line?: string;
  readonly background: "dark" | "light";
  /** The run that is pointed at: the others step back. */
  readonly pointed?: string;
}

/** Charts whose values have a limit in the run's settings: sharpness · η / 2 is the sharpness over its limit 2/η. */
const limits: Readonly<Record<string, (run: RunModel) => keyof RunLimits>> = {
  sharpness: ({ series }) =>
    series.columns.has("preconditionedSharpness") ? "preconditionedSharpness" : "sharpness",
  nonuniformity: () => "nonuniformity",
};

export const isNormalizable = ({ id }: Pick<LineChart, "id">): boolean => Object.hasOwn(limits, id);

/** Of a run's lines the one drawn widest stands for it. */
const mainOf = (lines: readonly Line[]): Line | undefined =>
  lines.reduce<Line | undefined>(
    (best, line) => (best && (best.width ?? 0) >= (line.width ?? 0) ? best : line),
    undefined,
  );

/** What a run can be drawn by in a chart. */
export const linesOf = (chart: LineChart, run: RunModel, log: boolean): readonly Line[] =>
  shownLines(chart.plan(run, { log })).filter(({ column }) => column.length > 1);

/** The labels of lines that some run has. */
export const labelsOf = (chart: LineChart, runs: readonly OverlaidRun[]): readonly string[] => [
  ...new Set(runs.flatMap(({ run }) => linesOf(chart, run, false).map(({ label }) => label))),
];

/** @returns  Lines for the runs that have one, and a remark on those that do not lie on the axis. */
export function overlayPlan(
  chart: LineChart,
  runs: readonly OverlaidRun[],
  { axis, normalized, log, line: label, background, pointed }: OverlayOptions,
): Plan {
  const scaled = normalized && isNormalizable(chart);
  const lost: string[] = [];
  const lines = runs.flatMap(({ run, slot }): Line[] => {
    const own = linesOf(chart, run, log);
    const line = label === undefined ? mainOf(own) : own.find((one) => one.label === label);
    const values = line && (scaled ? normalizedBy(run, line.column, limits[chart.id](run)) : line.column);
    if (!values) return [];
    const column = along(run, values, axis);
    if (!column) lost.push(letterOf(slot));
    if (!column || column.length === 0) return [];
    const { color, dashed } = runColorOn(slot, background);
    const back = pointed !== undefined && pointed !== run.key;
    return [
      {
        label: letterOf(slot),
        mark: letterOf(slot),
        column,
        color,
        width: pointed === run.key ? 3 : column.length > dense ? 1 : 1.4,
        ...(dashed && column.length <= dense && { dash: [6, 3] }),
        ...(back && { opacity: 0.25 }),
      },
    ];
  });
  return {
    lines,
    log,
    // One run that diverges does not flatten all others.
    ...(!log && { outliers: "clip" as const }),
    levels: scaled ? [atLimit] : sharedLevels(chart, runs),
    along: { label: axes[axis].label },
    ...(lost.length > 0 && {
      note: `Not drawn: ${lost.join(", ")}, of which the log does not say how many examples an epoch has.`,
    }),
  };
}

const atLimit: Level = { label: "limit 1", value: 1, color: "red", shaded: "beyond" };

/** Levels that mean the same for every run, such as 1 where the limit is 1. */
function sharedLevels(chart: LineChart, runs: readonly OverlaidRun[]): readonly Level[] {
  const all = runs.map(({ run }) => chart.plan(run, { log: false }).levels ?? []);
  const [first = [], ...others] = all;
  return first.filter(({ label, value }) =>
    others.every((levels) => levels.some((one) => one.label === label && one.value === value)),
  );
}

/** Values over their limit at their own step; null where the run has none. */
function normalizedBy(run: RunModel, column: Column, name: keyof RunLimits): Column | null {
  const moving = limitOver(run, name, column);
  if (moving)
    return mapped(column, `normalized.${name}.moving`, (value, step) => value / (moving.at(step) ?? NaN));
  const limit = limitsOf(run)[name];
  return Number.isFinite(limit) && limit > 0
    ? mapped(column, `normalized.${name}.${limit}`, (value) => value / limit)
    : null;
}
