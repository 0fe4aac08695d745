// Names of runs: a run id sorts by time and says what the run was, e.g. 20260214-093012-fashion-fnn-lr0.5-b16.
import type { Experiment } from "./experiment";

/** Letters for the keys that are swept most; any other key goes by its last word. */
const shortNames: Readonly<Record<string, string>> = {
  "optimizer.learningRate": "lr",
  "optimizer.batchSize": "b",
  "optimizer.momentum": "m",
  seed: "seed",
};

/** Text safe as part of a folder name on every system: letters, digits, dot, dash, underscore; at most 60 of them. */
export function slug(text: string): string {
  return text
    .normalize("NFKC")
    .replace(/[^\p{L}\p{N}._-]+/gu, "-")
    .replace(/-{2,}/g, "-")
    .slice(0, 60)
    .replace(/^[-.]+|[-.]+$/g, "");
}

function shortValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(shortValue).join("x");
  if (value !== null && typeof value === "object") return Object.values(value).map(shortValue).join("-");
  return slug(String(value).replace(/^.*[\\/]/, ""));
}

function describe(key: string, value: unknown): string {
  return `${shortNames[key] ?? slug(key.slice(key.lastIndexOf(".") + 1))}${shortValue(value)}`;
}

/** What a sweep point or `--set` changed, short and readable: "lr0.5-b16"; "" when nothing was. */
export function describePoint(overrides: Readonly<Record<string, unknown>>): string {
  return Object.entries(overrides)
    .map(([key, value]) => describe(key, value))
    .join("-");
}

/**
 * Folder name of a run. Always names learning rate and batch size, then whatever else was changed, so that the points of a
 * sweep differ. Time is UTC: ids of one folder sort by time across clock changes.
 */
export function runId(
  date: Date,
  experiment: Experiment,
  overrides: Readonly<Record<string, unknown>> = {},
): string {
  const stamp = date.toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  const { learningRate, batchSize }: Partial<Experiment["optimizer"]> = experiment.optimizer;
  const others = Object.entries(overrides).filter(
    ([key]) => key !== "optimizer.learningRate" && key !== "optimizer.batchSize" && key !== "name",
  );
  const parts = [
    stamp,
    slug(experiment.name) || "run",
    // A script may keep them to itself.
    ...(learningRate === undefined ? [] : [describe("optimizer.learningRate", learningRate)]),
    ...(batchSize === undefined ? [] : [describe("optimizer.batchSize", batchSize)]),
    ...others.map(([key, value]) => describe(key, value)),
  ];
  // File systems allow 255 bytes a name; the stamp in front keeps truncated ids apart.
  return parts
    .join("-")
    .slice(0, 120)
    .replace(/[-.]+$/, "");
}
