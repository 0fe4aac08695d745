// Runs side by side as one plain object: the settings in which they differ, and each one's metrics and verdict. Pure.
import { explanationLines } from "./explanation";
import type { ExportedRun } from "./export/exporter";
import { differingSettings, settingsOf } from "./settings";
import { summaryOf } from "./summary";

/** A setting's value; null where the run has none of that name. */
export const settingOf = ({ info }: Pick<ExportedRun, "info">, key: string): unknown => {
  const text = settingsOf(info).get(key);
  return text === undefined ? null : JSON.parse(text);
};

/** For programs: the settings in which the runs differ, and each run's metrics. */
export function comparisonOf(runs: readonly ExportedRun[]) {
  const keys = differingSettings(runs.map(({ info }) => info));
  return {
    settings: Object.fromEntries(keys.map((key) => [key, runs.map((run) => settingOf(run, key))])),
    runs: runs.map((run) => ({
      id: run.info.id,
      name: run.info.experiment.name,
      step: run.series.step,
      verdict: run.verdict?.verdict ?? null,
      provisional: run.verdict?.provisional ?? null,
      // A sentence each: what happened where the loss jumped.
      spike: run.verdict?.explanation ? explanationLines(run.verdict.explanation) : null,
      settings: Object.fromEntries(keys.map((key) => [key, settingOf(run, key)])),
      metrics: Object.fromEntries(summaryOf(run)),
    })),
  };
}
