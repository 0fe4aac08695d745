// The run the panel shows: what the host says of it, and its series, which grows by deltas. Pure; no DOM.
import { Column } from "../../src/record/column";
import type { RunView } from "../../src/record/runView";
import type { ProvisionalFlag } from "../../src/record/provisionalFlag";
import type { LatestReading } from "../../src/record/runSeries";
import type { RunStatus } from "../../src/types/runStatus";

export interface RunModel extends RunView {
  /** What tells runs apart, whatever their ids say. */
  readonly key: string;
  /** What it is called beside the other runs of its experiment. */
  readonly label: string;
  readonly status: RunStatus;
  /** While it trains: its learning rate has been beyond its limit for a while. */
  readonly flag: ProvisionalFlag | null;
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

export const none = new Column();
