// What runs say of a setting, in the few words that fit between the lines of a file. Pure.
import type { RunRecord } from "../../launchers";
import type { ChartedSetting } from "../../record/settingChart";
import { isActive } from "../../types/runStatus";
import { verdictSign } from "../../types/verdictWords";
import { roundedDown, shortNumber } from "../format";

/** Readable without colour: ✓ stable, ≈ at its edge, ✗ breaks stability, ! only in the mean square, ? undecided, … trains, ○ waits, – ended without a verdict. */
export function markOf({ status, verdict, flag }: RunRecord): string {
  if (status === "queued") return "○";
  if (isActive(status)) return flag ? "✗…" : "…";
  if (!verdict) return "–";
  return verdictSign(verdict);
}

/** One mark for a run, how many of each for several: "✓3 ✗1". */
export function marksOf(runs: readonly RunRecord[]): string {
  if (runs.length === 1) return markOf(runs[0]);
  const counts = new Map<string, number>();
  for (const run of runs) counts.set(markOf(run), (counts.get(markOf(run)) ?? 0) + 1);
  return [...counts].map(([mark, n]) => `${mark}${n}`).join(" ");
}

/** The value of a setting that its run found stable; null where it found none. */
export interface StableValue {
  /** As the file would write it. */
  readonly text: string;
  /** "the largest stable value". */
  readonly why: string;
}

export function stableValue({ verdict, flag }: RunRecord, setting: ChartedSetting): StableValue | null {
  if (setting === "optimizer.batchSize") {
    const size = verdict?.smallestStableBatchSize;
    return size ? { text: String(size), why: "the smallest stable batch" } : null;
  }
  const limit = verdict ? verdict.largestStableLearningRate : flag?.limit;
  if (!limit || !(limit > 0) || !Number.isFinite(limit)) return null;
  return { text: String(roundedDown(limit)), why: "the largest stable value" };
}

/** The limit as a hint shows it: "limit 0.28"; "" while there is none. */
export function limitWords(run: RunRecord, setting: ChartedSetting): string {
  if (setting === "optimizer.batchSize") {
    const size = run.verdict?.smallestStableBatchSize;
    return size ? `stable from ${size}` : "";
  }
  const now = run.last["stability.limit"];
  const limit = run.verdict ? run.verdict.largestStableLearningRate : now;
  return typeof limit === "number" && limit > 0 && Number.isFinite(limit)
    ? `limit ${shortNumber(roundedDown(limit))}`
    : "";
}

export const settingNames: Readonly<Record<ChartedSetting, string>> = {
  "optimizer.learningRate": "Learning rate",
  "optimizer.batchSize": "Batch size",
};

/** The key as a file writes it. */
export const keyOf = (setting: ChartedSetting): string => setting.replace("optimizer.", "");
