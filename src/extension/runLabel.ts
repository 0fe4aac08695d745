// What a run is called in lists: its learning rate and batch size, and whatever else tells it from the other runs of its experiment. Pure.
import type { RunRecord } from "../launchers";
import { describePoint } from "../protocol/runId";
import { shortNumber } from "./format";

type Settings = ReadonlyMap<string, string>;

const always = ["optimizer.learningRate", "optimizer.batchSize"];
/** Says nothing of the training itself, or is the name that the list already stands under. */
const untold = /^(name|launch|probes|checkpoints|closing)(\.|$)/;

/** An info is decoded once and kept: so are its settings. */
const known = new WeakMap<object, Settings>();

function settingsOf(info: RunRecord["info"]): Settings {
  const found = known.get(info) ?? new Map(leaves(info.experiment, ""));
  known.set(info, found);
  return found;
}

function* leaves(value: unknown, path: string): Generator<[string, string]> {
  if (value === undefined) return;
  if (typeof value !== "object" || value === null || Array.isArray(value))
    yield [path, JSON.stringify(value)];
  else
    for (const [key, inner] of Object.entries(value))
      yield* leaves(inner, path === "" ? key : `${path}.${key}`);
}

/** Key paths whose values differ between runs, beside those that every label says. */
export function differingKeys(runs: readonly RunRecord[]): readonly string[] {
  const first = new Map<string, string>();
  const counts = new Map<string, number>();
  const differing = new Set<string>();
  for (const run of runs)
    for (const [key, value] of settingsOf(run.info)) {
      counts.set(key, (counts.get(key) ?? 0) + 1);
      if (!first.has(key)) first.set(key, value);
      else if (first.get(key) !== value) differing.add(key);
    }
  for (const [key, count] of counts) if (count < runs.length) differing.add(key);
  return [...differing].filter((key) => !always.includes(key) && !untold.test(key));
}

/** A label gets no longer than this many of them. */
const mostTold = 3;

/** @param differing  Key paths in which the runs beside it differ. */
export function labelOf({ info }: RunRecord, differing: readonly string[] = []): string {
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
