// Ranges and ticks of a line chart's axes: what is in sight, linear or logarithmic. Pure.
import { linearTicks } from "../../src/util/linearTicks";
import { logSplits } from "../../src/util/logSplits";

export type Range = readonly [number, number];

/** As many values tell where a core lies. */
const enoughValues = 4000;

/** Where all but a twentieth of the values on either side lie, and half as much around it. */
export function coreOf(values: readonly (number | null | undefined)[]): Range {
  const every = Math.ceil(values.length / enoughValues);
  const sorted = values
    .filter((x, i): x is number => i % every === 0 && typeof x === "number" && Number.isFinite(x))
    .sort((a, b) => a - b);
  if (sorted.length < 20) return [-Infinity, Infinity];
  const [low, high] = [sorted[Math.floor(sorted.length * 0.05)], sorted[Math.ceil(sorted.length * 0.95) - 1]];
  return [low - (high - low) / 2, high + (high - low) / 2];
}

export function padded(low: number | null, high: number | null, keepLow = false): [number, number] {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const pad = high > low ? 0.08 * (high - low) : Math.max(Math.abs(high) * 0.1, 1e-9);
  return [keepLow && low >= 0 ? low : low - pad, high + pad];
}

/** The limit stays in sight unless the data is far below it; data far beyond it does not flatten everything else. */
export function valueRange(
  seen: readonly (number | null)[],
  { limits, log, core }: { readonly limits: readonly number[]; readonly log: boolean; readonly core: Range },
): [number, number] {
  const values = seen
    .filter((x): x is number => x !== null && Number.isFinite(x) && (!log || x > 0))
    .map((x) => Math.max(core[0], Math.min(x, core[1])));
  if (values.length === 0) return log ? [0.1, 1] : [0, 1];
  const top = Math.max(...values, ...limits.filter((x) => x < 5 * Math.max(...values)));
  if (log) {
    const low = Math.min(...values);
    return [Math.min(low, ...limits.filter((x) => x > low / 5)) * 0.8, top * 1.25];
  }
  const bottom = limits.length > 0 ? Math.min(0, ...values) : Math.min(...values);
  return padded(bottom, top, limits.length > 0);
}

/** Lines of an axis of steps that is logarithmic from 1 on and linear before: step 0 is on it. */
export function stepSplits(min: number, max: number): number[] {
  if (max < 10) return linearTicks(min, max).filter(Number.isInteger);
  const powers = logSplits(Math.max(1, min), max).filter(Number.isInteger);
  return min <= 0 ? [0, ...powers] : powers;
}

/** First and last step of the steps that there are, for a picture of these: undefined for all of them. */
export function within([first, last]: Range, from: number, to: number, log: boolean): Range | undefined {
  if (log) {
    const start = Math.min(Math.max(first, from), last - 1);
    const end = Math.max(Math.min(last, to), start + 1);
    return start <= first && end >= last ? undefined : [start, end];
  }
  const size = Math.max(1, to - from);
  if (size >= last - first) return undefined;
  const start = Math.min(Math.max(from, first), last - size);
  return [start, start + size];
}

/** First and last step of columns, each of which has one. */
export const extentOf = (
  columns: readonly { readonly steps: Float64Array; readonly lastStep: number | undefined }[],
): Range => [
  Math.min(...columns.map(({ steps }) => steps[0])),
  Math.max(...columns.map(({ lastStep }) => lastStep ?? 0)),
];

/** Lowest and highest of the values that are finite; ∞ and −∞ where none is. */
export function extremes(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
