// A sweep as a map: two of its swept keys as axes, a cell for each pair of values with what its run found, and the limits each run predicts. Pure.
import type { RunStatus } from "../types/runStatus";
import type { Verdict } from "../types/verdict";
import type { MetricValues } from "../protocol/metrics";
import type { RunRecord } from "./runRecord";
import { settingsOf } from "./settings";

/** A swept key with its values as JSON texts, in the order of the map. */
export interface SweepAxis {
  readonly key: string;
  readonly values: readonly string[];
}

/** Limits of the learning rate: on average, in the mean square, and of a single run. */
export const limitKinds = ["mean", "meanSquare", "typical"] as const;
export type LimitKind = (typeof limitKinds)[number];

export interface SweepCell {
  /** Places on the axes. */
  readonly x: number;
  readonly y: number;
  /** The folder of the newest run with these values; null where there is none. */
  readonly run: string | null;
  /** Runs with these values: more than one where a further key is swept, or the point was run again. */
  readonly runs: number;
  readonly status: RunStatus | null;
  readonly step: number;
  readonly verdict: Pick<Verdict, "verdict" | "typical"> | null;
  /** Whether it trains beyond its limit. */
  readonly beyond: boolean;
  readonly sharpness: number | null;
  readonly gap: number | null;
  /** Largest learning rates that it predicts where it stands, for its own batch size. */
  readonly limits: Readonly<Record<LimitKind, number | null>>;
}

export interface SweepMap {
  /** Swept keys that may be axes, those of stability first. */
  readonly keys: readonly string[];
  readonly x: SweepAxis;
  /** null for a sweep of one key: a strip. */
  readonly y: SweepAxis | null;
  /** Row by row from the first value of y. */
  readonly cells: readonly SweepCell[];
}

export const learningRateKey = "optimizer.learningRate";
export const batchSizeKey = "optimizer.batchSize";

/** A key of the file's sweep with its values, as parsed. */
export interface Swept {
  readonly key: string;
  readonly values: readonly unknown[];
}

/**
 * @param swept   The sweep's keys; at least one.
 * @param runs    Runs of this experiment, newest first.
 * @param wanted  The keys the user wants as axes, x first; others stand in for those that are not swept.
 */
export function sweepMapOf(
  swept: readonly Swept[],
  runs: readonly RunRecord[],
  wanted: readonly string[] = [],
): SweepMap {
  const keys = swept.map(({ key }) => key);
  const usual = [batchSizeKey, learningRateKey, ...keys];
  const chosen = [...new Set([...wanted, ...usual])].filter((key) => keys.includes(key)).slice(0, 2);
  const [x, y] = chosen.map((key) => axisOf(swept.find((one) => one.key === key)!));
  const columns = x.values.length;
  const rows = y?.values.length ?? 1;
  const cells = Array.from({ length: rows * columns }, (_, i) =>
    cellOf({ x, y: y ?? null }, { x: i % columns, y: Math.floor(i / columns) }, runs),
  );
  return { keys, x, y: y ?? null, cells };
}

/** Numbers ascend; words, such as "full" for a batch, come after them as written. */
function axisOf({ key, values }: Swept): SweepAxis {
  const rank = (value: unknown) => (typeof value === "number" ? value : Infinity);
  const sorted = [...values].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
  return { key, values: [...new Set(sorted.map((value) => JSON.stringify(value)))] };
}

function cellOf(
  axes: Pick<SweepMap, "x" | "y">,
  place: { readonly x: number; readonly y: number },
  runs: readonly RunRecord[],
): SweepCell {
  const fitting = runs.filter(
    ({ info }) =>
      settingsOf(info).get(axes.x.key) === axes.x.values[place.x] &&
      (axes.y === null || settingsOf(info).get(axes.y.key) === axes.y.values[place.y]),
  );
  const [run] = fitting;
  const verdict = run?.verdict ?? null;
  const last = run?.last ?? {};
  return {
    ...place,
    run: run?.folder ?? null,
    runs: fitting.length,
    status: run?.status ?? null,
    step: run?.step ?? 0,
    verdict: verdict && { verdict: verdict.verdict, typical: verdict.typical },
    beyond: run?.flag != null,
    sharpness: verdict?.readings.sharpness?.value ?? numberIn(last, "sharpness"),
    gap: numberIn(last, "gap.loss"),
    limits: {
      mean: verdict ? verdict.limits.mean : numberIn(last, "stability.meanLimit"),
      meanSquare: verdict
        ? (verdict.limits.variance?.upper ?? null)
        : numberIn(last, "stability.varianceLimit"),
      typical: verdict ? finite(verdict.limits.typical?.value) : numberIn(last, "stability.typicalLimit"),
    },
  };
}

const numberIn = (values: MetricValues, name: string): number | null => finite(values[name]);

const finite = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) ? value : null;

/** Where a value lies along an axis of numbers: 0 is the middle of the first cell, 1 that of the second. Between two, and beyond the last by the step before it, on a log scale. */
export function placeOn(axis: SweepAxis, value: number): number | null {
  const known = numbersOf(axis);
  if (known.length === 0 || !(value > 0) || !Number.isFinite(value)) return null;
  const at = Math.log(value);
  const logs = known.map(Math.log);
  let i = 0;
  while (i < logs.length - 2 && logs[i + 1] < at) i++;
  const step = logs.length > 1 ? logs[i + 1] - logs[i] : Math.LN2;
  return i + (at - logs[i]) / step;
}

/** The value at a place of an axis, to two digits: what a drag along it means. */
export function valueAt(axis: SweepAxis, place: number): number | null {
  const known = numbersOf(axis);
  if (known.length === 0) return null;
  const i = Math.max(0, Math.min(known.length - 2, Math.floor(place)));
  const [from, to] = known.length > 1 ? [known[i], known[i + 1]] : [known[0], 2 * known[0]];
  const value = from * (to / from) ** (place - i);
  return axis.key === batchSizeKey ? Math.max(1, Math.round(value)) : Number(value.toPrecision(2));
}

/** The axis's values as far as they are positive numbers. */
export const numbersOf = ({ values }: SweepAxis): number[] =>
  values.map((text) => Number(text)).filter((value) => value > 0);
