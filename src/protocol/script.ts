// Experiments that a Python script of the user's own trains: how they are told, which settings they have, what the script is started with.
import { fileError } from "./errors";
import type { Experiment, TrainerSpec } from "./experiment";
import { getAt, isObject, type Json, type JsonObject } from "./jsonPath";
import type { RunInfo } from "./runFolder";
import { suggest } from "./suggest";

/** An experiment that a script trains. */
export type ScriptExperiment = Experiment & { readonly trainer: TrainerSpec };

/** Whether an experiment as written has a trainer of its own. */
export const isScripted = (value: Json | undefined): value is JsonObject =>
  isObject(value) && isObject(value.trainer);

export const hasScript = (experiment: Experiment): experiment is ScriptExperiment =>
  experiment.trainer !== undefined;

/** The script that trains a run, a path as the machine it ran on writes them; undefined where Basin's own trainer does, or a notebook. */
export function scriptOf({ experiment, file }: Pick<RunInfo, "experiment" | "file">): string | undefined {
  const python = experiment.trainer?.python ?? "";
  if (python === "") return undefined;
  if (/^([/\\]|[A-Za-z]:[/\\])/.test(python)) return python;
  const separator = /^[A-Za-z]:\\|^\\\\/.test(file) ? "\\" : "/";
  const parts = file.split(separator).slice(0, -1);
  for (const part of python.split(/[/\\]/)) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join(separator);
}

/** The file that a run belongs to: its experiment, or the script that was started by itself; "" where run.json does not say. */
export const homeOf = (info: Pick<RunInfo, "experiment" | "file">): string =>
  info.file === "" ? (scriptOf(info) ?? "") : info.file;

/**
 * For what evaluates the model itself: a script's Basin cannot.
 *
 * @param named  What the user knows the experiment or run by.
 * @throws UserError where a script trains it.
 */
export function needModel(named: string, experiment: Experiment, what: string): void {
  if (hasScript(experiment))
    throw fileError(
      named,
      `is trained by a script (${experiment.trainer.python}): ${what} needs a model that Basin itself can evaluate`,
      "In Python, basin.measure(model, …) measures once; `basin judge` and `basin verdict` tell of recorded runs.",
    );
}

/** Keys that say how Basin's own trainer trains: a script has its own ways for all of them. */
export const ownTrainerKeys = [
  "data",
  "model",
  "loss",
  "stop",
  "checkpoints",
  "engine",
  "threads",
  "subsample",
] as const satisfies readonly (keyof Experiment)[];

/** The settings of an experiment: of a script's without what only fills the places of Basin's own trainer. */
export function settingsIn(experiment: Experiment): Partial<Experiment> {
  if (!hasScript(experiment)) return experiment;
  const own: Record<string, unknown> = { ...experiment };
  for (const key of ownTrainerKeys) delete own[key];
  return own;
}

const reference = /\$\{([^}]*)\}/g;

/** Key paths that the arguments of a script refer to, with the argument each stands in. */
export const referencesIn = ({
  args = [],
}: TrainerSpec): { readonly key: string; readonly index: number }[] =>
  args.flatMap((arg, index) => [...arg.matchAll(reference)].map(([, key]) => ({ key: key.trim(), index })));

/** The value of a key that arguments may refer to: a setting, no object. */
export function referred(experiment: Experiment, key: string): Json | undefined {
  const value = getAt(settingsIn(experiment) as unknown as Json, key.split("."));
  return isObject(value) || value === null ? undefined : value;
}

/** A script's arguments, every `${key}` replaced by its value. Keys that are none stay as they are written: the checker tells of them. */
export const argumentsOf = (experiment: ScriptExperiment): string[] =>
  (experiment.trainer.args ?? []).map((arg) =>
    arg.replace(reference, (written: string, key: string) => {
      const value = referred(experiment, key.trim());
      return value === undefined ? written : typeof value === "string" ? value : JSON.stringify(value);
    }),
  );

/** The key path that a reference to none may have meant. */
export const nearestReference = (experiment: Experiment, key: string): string | undefined =>
  suggest(key, leaves(settingsIn(experiment), ""));

const leaves = (value: unknown, path: string): string[] =>
  typeof value !== "object" || value === null || Array.isArray(value)
    ? [path]
    : Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === "" ? key : `${path}.${key}`));

/** `BASIN_SETTINGS`: one JSON object, keys that the experiment does not give absent. */
export function settingsText(experiment: ScriptExperiment): string {
  const { name, seed, optimizer, settings = {}, probes } = experiment;
  return JSON.stringify({ name, seed, optimizer, settings, probes });
}
