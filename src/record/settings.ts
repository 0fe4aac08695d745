// The settings of runs by key path, and those in which runs differ. Pure.
import type { RunInfo } from "../protocol/runFolder";
import { settingsIn } from "../protocol/script";

/** Values as JSON, by key path. */
export type Settings = ReadonlyMap<string, string>;

/** An info is decoded once and kept: so are its settings. */
const known = new WeakMap<RunInfo, Settings>();

/** Every setting of a run's resolved experiment: "optimizer.learningRate" → "0.1". */
export function settingsOf(info: RunInfo): Settings {
  const found = known.get(info) ?? new Map(leaves(settingsIn(info.experiment), ""));
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

/** Key paths whose values differ between runs, in the order in which they stand; a key that not all have differs. */
export function differingSettings(infos: readonly RunInfo[]): readonly string[] {
  const first = new Map<string, string>();
  const counts = new Map<string, number>();
  const differing = new Set<string>();
  for (const info of infos)
    for (const [key, value] of settingsOf(info)) {
      counts.set(key, (counts.get(key) ?? 0) + 1);
      if (!first.has(key)) first.set(key, value);
      else if (first.get(key) !== value) differing.add(key);
    }
  for (const [key, count] of counts) if (count < infos.length) differing.add(key);
  return [...first.keys()].filter((key) => differing.has(key));
}
