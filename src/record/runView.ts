// What charts, limits and exports need of a run: what it was asked to do, what it measured, what it came to.
import type { RunInfo } from "../protocol/runFolder";
import type { Verdict } from "../types/verdict";
import type { RunSeries } from "./runSeries";

export interface RunView {
  readonly info: RunInfo;
  readonly verdict: Verdict | null;
  readonly series: RunSeries;
}
