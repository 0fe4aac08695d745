// Fewer points for the same picture: each bucket keeps its smallest and largest value, so no spike is lost. Pure.
import type { Column } from "./runModel";

/**
 * At most about 2·buckets points of a column within [from, to] (one more on either side, so lines leave the frame).
 * Values that are not finite are kept as NaN at their step.
 */
export function decimate(
  { steps, values }: Column,
  buckets: number,
  from = -Infinity,
  to = Infinity,
): Column {
  const first = Math.max(0, lowerBound(steps, from) - 1);
  const end = Math.min(steps.length, lowerBound(steps, to) + 1);
  const n = end - first;
  if (n <= 2 * buckets) return { steps: steps.slice(first, end), values: values.slice(first, end) };
  const out: { steps: number[]; values: number[] } = { steps: [], values: [] };
  const keep = (i: number) => {
    if (out.steps.at(-1) === steps[i]) return;
    out.steps.push(steps[i]);
    out.values.push(values[i]);
  };
  keep(first);
  for (let b = 0; b < buckets; b++) {
    const start = first + Math.floor((b * n) / buckets);
    const stop = first + Math.floor(((b + 1) * n) / buckets);
    const { low, high, bad } = extremes(values, start, stop);
    [low, high, bad]
      .filter((i) => i >= 0)
      .sort((a, b) => a - b)
      .forEach(keep);
  }
  keep(end - 1);
  return out;
}

function extremes(values: readonly number[], start: number, stop: number) {
  let low = -1;
  let high = -1;
  let bad = -1;
  for (let i = start; i < stop; i++) {
    if (!Number.isFinite(values[i])) {
      if (bad < 0) bad = i;
      continue;
    }
    if (low < 0 || values[i] < values[low]) low = i;
    if (high < 0 || values[i] > values[high]) high = i;
  }
  return { low, high, bad };
}

/** First index whose value is ≥ x, in an ascending list. */
export function lowerBound(sorted: readonly number[], x: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Columns with steps of their own on one common axis; null where a column has no value at a step. */
export function align(columns: readonly Column[]): { steps: number[]; rows: (number | null)[][] } {
  const steps = [...new Set(columns.flatMap((column) => column.steps))].sort((a, b) => a - b);
  const at = new Map(steps.map((step, i) => [step, i]));
  const rows = columns.map(({ steps: own, values }) => {
    const row = new Array<number | null | undefined>(steps.length).fill(undefined);
    own.forEach((step, i) => {
      // null breaks the line, undefined lets it pass: a divergence must show as an end, not as a bridge.
      row[at.get(step) ?? 0] = Number.isFinite(values[i]) ? values[i] : null;
    });
    return row as (number | null)[];
  });
  return { steps, rows };
}

/** The column's value at the latest step ≤ `step`, or undefined. */
export function valueAt({ steps, values }: Column, step: number): number | undefined {
  const i = lowerBound(steps, step + 1) - 1;
  return i >= 0 ? values[i] : undefined;
}
