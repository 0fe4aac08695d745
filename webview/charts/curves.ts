// A plan as it is drawn over some steps: lines that are switched on, raw and smoothed, in as many points as the picture has pixels. Pure.
import { align } from "../../src/record/align";
import type { Column, ColumnView } from "../../src/record/column";
import { decimate, decimateOnto, placesOf } from "../../src/record/pyramid";
import type { Line, Plan } from "./chart";
import { smoothed } from "./smoothing";

export interface StepRange {
  readonly from: number;
  readonly to: number;
}

/** A line as it is drawn. `raw`: the curve behind its running mean, which the legend does not name once more. */
export interface DrawnLine extends Line {
  readonly raw?: boolean;
}

/** How faint a curve stands behind its running mean. */
const faint = 0.3;

/** Whether a line of the plan is switched off; the edges of its band go with it. */
const isOff = (line: Line, off: readonly string[]): boolean =>
  off.includes(line.label) || (line.of !== undefined && off.includes(line.of));

/** Lines the legend names, whether on or off: those with readings, the one that matters most first. */
export const namedLines = ({ lines }: Plan): Line[] =>
  lines
    .filter(({ hidden, column }) => !hidden && column.length > 0)
    .sort((a, b) => (b.width ?? 0) - (a.width ?? 0));

/** Lines of a plan that are drawn, in its order. A limit, which is dashed, has no running mean. */
export function drawnLines({ lines }: Plan, smoothing: number, off: readonly string[]): DrawnLine[] {
  const shown = lines.filter((line) => !line.hidden && line.column.length > 0 && !isOff(line, off));
  return shown.flatMap((line): DrawnLine[] =>
    smoothing > 0 && !line.dash
      ? [
          { ...line, raw: true, width: 1, opacity: faint * (line.opacity ?? 1) },
          { ...line, column: smoothed(line.column, smoothing) },
        ]
      : [line],
  );
}

/** The bands of a plan whose lines are drawn: their edges' columns and their look. */
export const drawnBands = ({ lines, bands = [] }: Plan, off: readonly string[]) =>
  bands.flatMap(({ upper, lower, ...look }) => {
    const [high, low] = [lines[upper], lines[lower]];
    const gone = [high, low].some((line) => line.column.length === 0 || isOff(line, off));
    return gone ? [] : [{ ...look, upper: high.column, lower: low.column }];
  });

/** Pieces a logarithmic axis of steps is cut into, each with its share of the pixels. */
const pieces = 12;

/** The points of a column that a picture so many pixels wide can show. */
export function pointsOf(
  column: Column,
  {
    pixels,
    range,
    logSteps,
  }: { readonly pixels: number; readonly range?: StepRange; readonly logSteps: boolean },
): ColumnView {
  const [from, to] = [range?.from ?? -Infinity, range?.to ?? Infinity];
  if (!logSteps || column.length <= 2 * pixels) return decimate(column, pixels, from, to);
  const [first, last] = [Math.max(from, column.steps[0]), Math.min(to, column.lastStep ?? 0)];
  const [start, end] = [Math.asinh(first), Math.asinh(last)];
  const steps: number[] = [];
  const values: number[] = [];
  for (let k = 0; k < pieces; k++) {
    const cut = (i: number): number =>
      i === 0 ? from : i === pieces ? to : Math.sinh(start + ((end - start) * i) / pieces);
    const part = decimate(column, Math.ceil(pixels / pieces), cut(k), cut(k + 1));
    for (let i = 0; i < part.steps.length; i++)
      if (steps.length === 0 || part.steps[i] > steps[steps.length - 1]) {
        steps.push(part.steps[i]);
        values.push(part.values[i]);
      }
  }
  return { steps, values };
}

/** Of more lines than these each is drawn in fewer points: many lie on one another. */
const fewLines = 8;

/** Lines with places of their own on one grid: two values for every other pixel across, or every fourth. */
export function onGrid(columns: readonly Column[], { from, to }: StepRange, pixels: number) {
  const grid = {
    from,
    to: to > from ? to : from + 1,
    stretches: Math.ceil(pixels / (columns.length > fewLines ? 4 : 2)),
  };
  return { steps: placesOf(grid), rows: columns.map((column) => decimateOnto(column, grid)) };
}

/** Both edges of a band at the steps of either, the last known value of each in between; a break where one is not finite. */
export function bandPoints(
  upper: ColumnView,
  lower: ColumnView,
): { readonly steps: readonly number[]; readonly high: readonly number[]; readonly low: readonly number[] } {
  const { steps, rows } = align([upper, lower]);
  const filled = rows.map((row) => {
    let last = NaN;
    return row.map((value) => (last = value ?? last));
  });
  return { steps, high: filled[0], low: filled[1] };
}

/**
 * Makes what cannot be drawn null, in place: this runs in every frame of a zoom. null breaks a line, undefined lets it pass, so that a
 * divergence shows as an end and not as a bridge.
 */
export function breakGaps(row: (number | null | undefined)[], log: boolean): void {
  for (let i = 0; i < row.length; i++) {
    const value = row[i];
    if (typeof value === "number" && (!Number.isFinite(value) || (log && value <= 0))) row[i] = null;
  }
}
