// What a run is called in lists: the name people gave it, else its learning rate and batch size, and whatever else tells it from the other runs of its experiment. Pure.
import type { RunRecord } from "../launchers";
import { describePoint } from "../protocol/runId";
import { differingSettings, settingsOf } from "../record/settings";
import { plain, shortNumber } from "./format";

const always = ["optimizer.learningRate", "optimizer.batchSize"];
/** Says nothing of the training itself, or is the name that the list already stands under. */
const untold = /^(name|launch|probes|checkpoints|closing)(\.|$)/;

/** Key paths whose values differ between runs, beside those that every label says. */
export const differingKeys = (runs: readonly RunRecord[]): readonly string[] =>
  differingSettings(runs.map(({ info }) => info)).filter((key) => !always.includes(key) && !untold.test(key));

/** A label gets no longer than this many of them. */
const mostTold = 3;

/** @param differing  Key paths in which the runs beside it differ. */
export function labelOf({ info, note }: RunRecord, differing: readonly string[] = []): string {
  if (note.name !== "") return plain(note.name);
  const { learningRate, batchSize } = info.experiment.optimizer;
  if (Number.isNaN(learningRate)) return info.id;
  const own = Object.entries(info.overrides).filter(([key]) => !always.includes(key));
  const settings = settingsOf(info);
  const told = new Set(own.map(([key]) => key));
  const others = differing.flatMap((key): [string, unknown][] => {
    const value = settings.get(key);
    return told.has(key) || value === undefined ? [] : [[key, JSON.parse(value)]];
  });
  const more = describePoint(Object.fromEntries([...own, ...others.slice(0, mostTold)]));
  const batch = batchSize === "full" ? "full batch" : `B ${batchSize}`;
  return `η ${shortNumber(learningRate)}, ${batch}${more ? `, ${more}` : ""}`;
}
