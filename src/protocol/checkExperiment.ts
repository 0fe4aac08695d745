// The one checker of experiment files: text in; problems with their places and the experiments to run out. CLI and editor share it.
import { hasTestData } from "./dataFacts";
import type { Problem, SourcePlace } from "./errors";
import type { Experiment } from "./experiment";
import { extended, type ReadText } from "./extending";
import { schemaAt, withDefaults } from "./experimentSchema";
import { getAt, isObject, without, type Json, type JsonObject, type KeyPath } from "./jsonPath";
import { cacheHere } from "./cacheFolder";
import { parseJsonSource, type JsonSource } from "./jsonSource";
import { withLocal } from "./localSettings";
import { schemaFindings, type Finding } from "./schemaProblems";
import { isScripted } from "./script";
import { isInside, semanticFindings, type CheckContext } from "./semanticChecks";
import {
  applyOverride,
  axesOf,
  countPoints,
  maxPoints,
  parseOverride,
  pointsOf,
  unsettable,
  type Axis,
  type Override,
} from "./sweep";
import { unlimitedSteps } from "../types/unlimitedSteps";

export interface CheckOptions {
  /** Whether a file exists; given absolute paths when `file` is absolute. Without it no path is checked. */
  readonly exists?: (path: string) => boolean;
  /** Reads a file that `extends` names; given absolute paths when `file` is absolute. */
  readonly readText?: ReadText;
  /** The file of a person's own settings, which `readText` reads where it is; without it there are none. */
  readonly local?: string;
  /** The folder of fetched data sets; this machine's by default. */
  readonly cache?: string;
  /** `--set` texts, e.g. "optimizer.learningRate=0.1". They win over the file and over the sweep. */
  readonly overrides?: readonly string[];
  /** What keys of the experiment are where the file and all it extends do not say: a person's own preference, no change of the experiment. */
  readonly defaults?: Readonly<Pick<Partial<Experiment>, "engine" | "memory">>;
}

/** One run: what was changed from the file as written, and the experiment with every default filled in. */
export interface ExperimentPoint {
  readonly overrides: Record<string, unknown>;
  readonly experiment: Experiment;
}

export interface CheckedExperiment {
  readonly problems: Problem[];
  /** One entry without a sweep, else one for each combination, in file order; empty when any problem is an error. */
  readonly points: ExperimentPoint[];
  /** Place of a key's value, or of the nearest key around it; for a key that is only swept, of its list in `sweep`. */
  readonly placeOf: (keyPath: string) => SourcePlace;
}

/**
 * Checks an experiment file against the schema and against what a schema cannot say. Pure; never throws, whatever the text.
 *
 * @param text  The file's text: JSON with comments and trailing commas.
 * @param file  Its path, for messages and for resolving the paths in it.
 */
export function checkExperiment(text: string, file: string, options: CheckOptions = {}): CheckedExperiment {
  const source = overlaid(extended(parseJsonSource(text, file), file, options.readText), options);
  const problems = [...source.problems];
  const placeOf = (keyPath: string) => findPlace(source, keyPath);
  if (source.value === undefined || !isObject(source.value)) {
    if (problems.length === 0) problems.push(notAnObject(source));
    return { problems, points: [], placeOf };
  }
  // Those are of Basin's own trainer: a script would be refused for a key that nobody wrote.
  const defaults = isScripted(source.value) ? {} : options.defaults;
  const checked = checkValue({ ...defaults, ...source.value }, source, file, options);
  problems.push(...checked.problems);
  const failed = problems.some(({ severity }) => severity === "error");
  return { problems, points: failed ? [] : checked.points, placeOf };
}

/** The source with the person's own settings on top. One that is there and cannot be read must not be passed over in silence. */
function overlaid(source: JsonSource, { local, readText, exists }: CheckOptions): JsonSource {
  if (local === undefined) return source;
  const text = readText?.(local);
  if (text !== undefined) return withLocal(source, text, local);
  if (!exists?.(local)) return source;
  const problem: Problem = {
    severity: "error",
    from: "check",
    message: "Cannot be read; expected a regular file of settings { … }.",
    hint: "Make it one, or remove it.",
    place: { file: local },
  };
  return { ...source, problems: [...source.problems, problem] };
}

function notAnObject(source: JsonSource): Problem {
  const message =
    source.value === undefined
      ? "The file is empty; expected an experiment { … }."
      : `Expected an experiment { … }; found ${Array.isArray(source.value) ? "a list" : JSON.stringify(source.value)}.`;
  const hint = 'Start with { "data": …, "model": …, "optimizer": … }.';
  return { severity: "error", from: "check", message, hint, place: source.place([]) };
}

/** One combination of sweep values. `indices` says which value of each axis it takes. */
interface Candidate {
  readonly indices: readonly number[];
  readonly value: Json;
}

function checkValue(written: JsonObject, source: JsonSource, file: string, options: CheckOptions) {
  const problems = new Map<string, Problem>();
  let left = 0;
  const add = (problem: Problem) => {
    const { place } = problem;
    // Each sweep value is checked once by itself and once in every combination: one problem a place and message.
    const id = JSON.stringify([
      place.file,
      place.key,
      place.offset,
      place.offset === undefined ? "" : place.length,
      problem.message,
    ]);
    if (problems.has(id)) return;
    if (problems.size < maxProblems) problems.set(id, problem);
    else left++;
  };

  const { value: base, applied } = applyAll(written, options.overrides ?? [], add);
  const overridden = new Set(applied.map(({ key }) => key));
  const axes = axesOf(base).filter((axis) => !overridden.has(axis.key) && settable(base, axis, source, add));
  for (const finding of schemaFindings(base)) {
    // A wrong value inside a swept list is reported with the point it makes, by the name of the key it is for.
    const ofPoint = axes.some(({ key }) => finding.path.length > 2 && isInside(finding.path, ["sweep", key]));
    if (!ofPoint) add(toProblem(finding, applied, { axes: [], indices: [] }, source));
  }

  const candidates = candidatesOf(base, axes, source, add);
  const points: ExperimentPoint[] = [];
  let examined = 0;
  for (const { indices, value } of candidates) {
    const report = (finding: Finding) => add(toProblem(finding, applied, { axes, indices }, source));
    const found = axes.length > 0 ? schemaFindings(value) : schemaFindings(base);
    if (found.length > 0) {
      if (axes.length > 0) found.forEach(report);
      // What is wrong beside the sweep is wrong at every point: after so much of it no run comes of the rest either.
      if ((examined += found.length) > maxExamined) break;
      continue;
    }
    const experiment = resolve(value, file);
    const context: CheckContext = {
      file,
      exists: options.exists,
      cache: options.cache ?? cacheHere(),
      written: value,
    };
    semanticFindings(experiment, context).forEach(report);
    const swept = axes.map(({ key, values }, i): [string, unknown] => [key, values[indices[i]]]);
    const set = applied.map(({ key, value }): [string, unknown] => [key, value]);
    points.push({ overrides: Object.fromEntries([...set, ...swept]), experiment });
  }
  return { problems: [...problems.values(), ...(left > 0 ? [moreProblems(left, source)] : [])], points };
}

/** A text wrong in more places than this is wrong in one way many times over: the rest is counted. */
const maxProblems = 100;

/** Findings of a sweep's points after which the points that are left are not looked at. */
const maxExamined = 3000;

const moreProblems = (count: number, source: JsonSource): Problem => ({
  severity: "error",
  from: "check",
  message: `${count} more ${count === 1 ? "problem" : "problems"} of this file are not shown.`,
  hint: "Correct these first.",
  place: source.place([]),
});

function applyAll(written: Json, texts: readonly string[], add: (problem: Problem) => void) {
  let value = written;
  const applied: Override[] = [];
  for (const text of texts) {
    const override = parseOverride(text);
    if (!("path" in override)) {
      add(override);
      continue;
    }
    const refusal = unsettable(value, override.path);
    if (refusal) {
      add({ severity: "error", from: "check", ...refusal, place: { file: "--set", key: override.key } });
      continue;
    }
    value = applyOverride(value, override);
    applied.push(override);
  }
  return { value, applied };
}

function settable(base: Json, axis: Axis, source: JsonSource, add: (problem: Problem) => void): boolean {
  const refusal = unsettable(base, axis.path);
  if (!refusal) return true;
  const place = { ...source.place(["sweep", axis.key], "key"), key: `sweep.${axis.key}` };
  add({ severity: "error", from: "check", ...refusal, place });
  return false;
}

function candidatesOf(
  base: Json,
  axes: readonly Axis[],
  source: JsonSource,
  add: (problem: Problem) => void,
): Candidate[] {
  const count = countPoints(axes);
  if (count > maxPoints) {
    const message = `\`sweep\` expands to ${count} runs; expected at most ${maxPoints}.`;
    const hint = "Shorten the lists, or split the sweep over several files.";
    add({ severity: "error", from: "check", message, hint, place: source.place(["sweep"], "key") });
    return [];
  }
  const single = isObject(base) ? without(base, "sweep") : base;
  return pointsOf(axes).map((indices) => ({
    indices,
    value: axes.reduce<Json>(
      (value, { path, values }, i) => applyOverride(value, { path, value: values[indices[i]] }),
      single,
    ),
  }));
}

/** Gives a finding its place: the sweep value or `--set` that put the value there, else the key in the file. */
function toProblem(
  { path, at, severity, message, hint, from, fix }: Finding,
  applied: readonly Override[],
  { axes, indices }: { readonly axes: readonly Axis[]; readonly indices: readonly number[] },
  source: JsonSource,
): Problem {
  const axis = axes.findIndex((candidate) => isInside(path, candidate.path));
  const rest = { severity, message, from, ...(hint === undefined ? {} : { hint }) };
  const fixed = fix === undefined ? {} : { fix };
  if (axis >= 0) {
    const { key, path: axisPath } = axes[axis];
    const place = source.place(["sweep", key, String(indices[axis]), ...path.slice(axisPath.length)], at);
    return { ...rest, ...fixed, place: { ...place, key: `sweep.${key}` } };
  }
  const override = applied.findLast((candidate) => isInside(path, candidate.path));
  if (override) return { ...rest, from: "check", place: { file: "--set", key: override.key } };
  return { ...rest, ...fixed, place: source.place(path, at) };
}

/** Fills in every default, also those that depend on other keys. */
function resolve(value: Json, file: string): Experiment {
  if (isScripted(value)) return scripted(value, file);
  const filled = without(withDefaults(value) as JsonObject, "$schema", "extends", "sweep");
  const stop = filled.stop as JsonObject;
  const steps = stop.steps ?? (stop.minutes === undefined ? defaultSteps : unlimitedSteps);
  const experiment = {
    ...filled,
    name: filled.name ?? nameOf(file),
    stop: { ...stop, steps },
    optimizer: withScheduleEnd(filled.optimizer as JsonObject, steps),
  } as unknown as Experiment;
  // The default set of probes holds the generalization gap only where there is test data to measure it on.
  if (getAt(value, ["probes"]) !== undefined || hasTestData(experiment.data)) return experiment;
  const probes: Experiment["probes"] = without(filled.probes as JsonObject, "generalization");
  return { ...experiment, probes };
}

/**
 * A script's settings are as they were written: what it does where they say nothing, nobody here knows. Only where and how its process
 * starts has defaults.
 */
function scripted(value: JsonObject, file: string): Experiment {
  const { launch = {}, probes = {}, optimizer = {}, ...rest } = without(value, "$schema", "extends", "sweep");
  const filled = { ...rest, optimizer, probes, launch: withDefaults(launch, schemaAt({}, ["launch"])) };
  return { ...filled, name: rest.name ?? nameOf(file) } as unknown as Experiment;
}

/** A cosine that names no end falls over the whole run. */
function withScheduleEnd(optimizer: JsonObject, steps: Json): JsonObject {
  const { schedule } = optimizer;
  if (!isObject(schedule) || schedule.kind !== "cosine") return optimizer;
  return { ...optimizer, schedule: { ...schedule, steps: schedule.steps ?? steps } };
}

/** Steps of a run that names no limit. The schema's text says the same. */
export const defaultSteps = 10_000;

function nameOf(file: string): string {
  const base = file.slice(Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\")) + 1);
  return base.replace(/(\.basin)?\.jsonc?$/, "") || "experiment";
}

function findPlace(source: JsonSource, keyPath: string): SourcePlace {
  const path = toPath(source, keyPath);
  if (source.has(path)) return source.place(path);
  const swept: KeyPath = ["sweep", keyPath];
  return source.has(swept)
    ? { ...source.place(swept), key: keyPath }
    : { ...source.place(path), key: keyPath };
}

/** Splits at the dots, except that a key of `sweep` is itself a key path. */
function toPath(source: JsonSource, keyPath: string): KeyPath {
  if (keyPath === "") return [];
  const path = keyPath.split(".");
  if (path[0] !== "sweep") return path;
  for (let end = path.length; end > 1; end--) {
    const candidate = ["sweep", path.slice(1, end).join("."), ...path.slice(end)];
    if (source.has(candidate)) return candidate;
  }
  return path;
}
