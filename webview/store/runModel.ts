// The run the panel shows: what the host says of it, and its series, which grows by deltas. Pure; no DOM.
import type { RunInfo } from "../../src/protocol/runFolder";
import { Column } from "../../src/record/column";
import type { ProvisionalFlag } from "../../src/record/provisionalFlag";
import { RunSeries, type LatestReading } from "../../src/record/runSeries";
import type { RunStatus } from "../../src/types/runStatus";
import type { Verdict } from "../../src/types/verdict";

export interface RunModel {
  /** What tells runs apart, whatever their ids say. */
  readonly key: string;
  readonly info: RunInfo;
  readonly status: RunStatus;
  readonly verdict: Verdict | null;
  /** While it trains: its learning rate has been beyond its limit for a while. */
  readonly flag: ProvisionalFlag | null;
  readonly series: RunSeries;
}

/** The i-th entry over steps of a metric that is a list, from 0. */
export const entry = ({ series }: RunModel, name: string, i: number): Column => series.column(`${name}.${i}`);

export const column = ({ series }: RunModel, name: string): Column => series.column(name);

/** The latest reading of a metric that is a list. */
export function listOf(
  { series }: RunModel,
  name: string,
): (LatestReading & { readonly value: readonly number[] }) | undefined {
  const reading = series.latest.get(name);
  return reading && typeof reading.value !== "number" ? { ...reading, value: reading.value } : undefined;
}

const mappings = new WeakMap<Column, Map<string, { readonly column: Column; readonly version: number }>>();

/**
 * A column made from another, point by point; asked again it only adds what came since. Two of one `key` are one mapping.
 * `f` may read other columns at its step: what they say of it must not change later.
 */
export function mapped(from: Column, key: string, f: (value: number, step: number) => number): Column {
  const known = mappings.get(from) ?? new Map<string, { column: Column; version: number }>();
  mappings.set(from, known);
  const made = known.get(key);
  const column = made?.version === from.version ? made.column : new Column();
  if (column !== made?.column) known.set(key, { column, version: from.version });
  const { steps, values } = from;
  for (let i = column.length; i < steps.length; i++) column.add(steps[i], f(values[i], steps[i]));
  return column;
}

export const none = new Column();
