// What a schema cannot say about an experiment: files that are missing, keys that contradict each other.
import { dirname, isAbsolute, join } from "node:path";
import { hasTestData, knownExamples, numbersNotLabels, testKey } from "./dataFacts";
import type { Experiment } from "./experiment";
import { getAt, type Json, type KeyPath } from "./jsonPath";
import { allHold, dataFacts, filesNamed, filledIn, lossFacts, modelFacts, optimizerFacts } from "./kinds";
import { filesOf, howToGet, isSetName, namedSets } from "./namedSets";
import type { Finding } from "./schemaProblems";
import { hasScript, nearestReference, ownTrainerKeys, referencesIn, referred } from "./script";
import { unlimitedSteps } from "../types/unlimitedSteps";

export interface CheckContext {
  /** Absolute or workspace path of the experiment file; data paths are relative to its folder. */
  readonly file: string;
  /** Whether a file exists; without it no path is checked. */
  readonly exists?: (path: string) => boolean;
  /** The folder of fetched data sets. */
  readonly cache: string;
  /** The experiment as written, before defaults: what the user asked for. */
  readonly written: Json;
}

type Check = (experiment: Experiment, context: CheckContext) => Finding[];
type Draft = Pick<Finding, "message" | "hint"> & {
  readonly path: string;
  readonly severity?: Finding["severity"];
};

const finding = ({ path, severity = "error", ...rest }: Draft): Finding => ({
  ...rest,
  severity,
  path: path.split("."),
  at: "value",
  from: "check",
});

/** Where a path written in an experiment leads: relative to the experiment's folder. */
const resolvePath = (file: string, path: string): string =>
  isAbsolute(path) ? path : join(dirname(file), path);

const filesExist: Check = ({ data, model }, { file, exists }) => {
  if (!exists) return [];
  const named = [
    ...filesNamed(dataFacts(data), data).map((path) => ["data", ...path]),
    ...filesNamed(modelFacts(model), model).map((path) => ["model", ...path]),
  ];
  return named.flatMap((path) => {
    const written = getAt({ data, model } as unknown as Json, path) as string;
    const absolute = resolvePath(file, written);
    if (exists(absolute)) return [];
    const what = path[0] === "data" ? "data file" : path[1] === "onnx" ? "ONNX file" : "weights file";
    const message = `The ${what} "${written}" does not exist; expected it at ${absolute}.`;
    const hint = "Paths are relative to the experiment file. Correct the path or put the file there.";
    return [finding({ path: path.join("."), message, hint })];
  });
};

const setIsCached: Check = ({ data }, { exists, cache }) => {
  if (!exists || !isSetName(data.source)) return [];
  const set = namedSets[data.source];
  const folder = join(cache, set.name);
  const missing = filesOf(set).filter((name) => !exists(join(folder, name)));
  if (missing.length === 0) return [];
  const what = missing.length === filesOf(set).length ? "its files are" : `${missing.join(", ")} is`;
  const message = `Data set "${set.name}" is not on this machine: ${what} not in ${folder}.`;
  return [finding({ path: "data.source", message, hint: howToGet(set, folder) })];
};

const learningRateGiven: Check = (_experiment, { written }) => {
  if (getAt(written, ["optimizer", "learningRate"]) !== undefined) return [];
  const message = "`optimizer` has no `learningRate`; expected a number > 0, or a sweep over it.";
  return [{ ...finding({ path: "optimizer", message, hint: 'Add "learningRate": 0.1.' }), at: "key" }];
};

const batchFits: Check = ({ data, optimizer }) => {
  const known = knownExamples(data);
  if (known === undefined || optimizer.batchSize === "full" || optimizer.batchSize <= known.n) return [];
  const message = `\`batchSize\` is ${optimizer.batchSize}, more than the ${known.n} training examples of ${known.key}; a batch is drawn without replacement.`;
  return [
    finding({ path: "optimizer.batchSize", message, hint: `Set it to at most ${known.n}, or "full".` }),
  ];
};

const scheduleFits: Check = ({ optimizer, stop }, { written }) => {
  const { schedule } = optimizer;
  if (!schedule) return [];
  if (schedule.kind === "cosine" && schedule.steps <= schedule.warmup) {
    const given = getAt(written, ["optimizer", "schedule", "steps"]) !== undefined;
    const message = `The cosine ends at step ${schedule.steps}${given ? "" : " (`stop.steps`)"}, but the warm-up takes ${schedule.warmup} steps; expected \`warmup\` below that.`;
    const path = `optimizer.schedule${given ? ".steps" : ".warmup"}`;
    return [finding({ path, message, hint: "Raise `steps`, which counts the warm-up, or lower `warmup`." })];
  }
  if (schedule.kind === "cosine" && schedule.steps >= unlimitedSteps) {
    const message = "The cosine has no end: neither `schedule.steps` nor `stop.steps` is given.";
    return [finding({ path: "optimizer.schedule", message, hint: 'Give "steps" in the schedule.' })];
  }
  if (schedule.warmup < stop.steps) return [];
  const message = `The warm-up takes ${schedule.warmup} steps, but the run ends after ${stop.steps}; the learning rate is never reached.`;
  return [
    finding({
      path: "optimizer.schedule.warmup",
      severity: "warning",
      message,
      hint: `Set it below ${stop.steps}.`,
    }),
  ];
};

const lossFitsTargets: Check = ({ data, loss }) => {
  const numbers = numbersNotLabels(data);
  if (!lossFacts(loss).needsLabels || !numbers) return [];
  const message = `Loss "${loss}" needs class labels, but data source "${data.source}" gives real-valued targets.`;
  return [finding({ path: "loss", message, hint: numbers.hint })];
};

const labelNoiseFits: Check = ({ loss, optimizer }) => {
  if (!optimizer.labelNoise || !lossFacts(loss).needsLabels) return [];
  const message = `\`labelNoise\` disturbs real-valued targets, but loss "${loss}" takes class labels.`;
  const hint = 'Remove it, use "mse" or "squared-error", or give `data.labelNoise`.';
  return [finding({ path: "optimizer.labelNoise", message, hint })];
};

const threadsAreUsed: Check = ({ engine, threads }) => {
  if (threads === undefined || threads === 1 || engine !== "wasm") return [];
  const message = 'Engine "wasm" has one thread, whatever `threads` says.';
  return [finding({ path: "threads", severity: "warning", message, hint: 'Remove it, or use "onnx".' })];
};

/** The rules that the kinds in use declare. */
const kindRules: Check = (experiment) => {
  const { data, model, optimizer } = experiment;
  const parts = [
    { name: "data", part: data, facts: dataFacts(data) },
    { name: "model", part: model, facts: modelFacts(model) },
    { name: "optimizer", part: optimizer, facts: optimizerFacts(optimizer) },
  ];
  return parts.flatMap(({ name, part, facts: { rules = [] } }) => {
    const scope = { part, experiment };
    return rules
      .filter(({ when }) => allHold(when, scope))
      .map(({ at, wrong, message, hint }): Finding => ({
        ...finding({
          path: `${name}.${at}`,
          message: filledIn(message, scope),
          hint: filledIn(hint, scope),
        }),
        at: wrong ?? "value",
      }));
  });
};

const gapHasTestData: Check = ({ data }, { written }) => {
  // Only when the user asked for it: the default probes leave it out silently where there is no test data.
  if (getAt(written, ["probes", "generalization"]) === undefined || hasTestData(data)) return [];
  const message =
    "The generalization probe needs test data and this experiment has none; no gap will be recorded.";
  const key = testKey(data);
  const amount = key !== undefined && typeof getAt(data as unknown as Json, [key]) === "number";
  const advice =
    key === undefined ? "Use data that has some" : amount ? `Set data.${key} above 0` : `Add data.${key}`;
  return [
    {
      ...finding({
        path: "probes.generalization",
        severity: "warning",
        message,
        hint: `${advice}, or remove the probe.`,
      }),
      at: "key",
    },
  ];
};

/** With a script of the user's own, what Basin's trainer would do is nobody's affair. */
const onlyScriptKeys: Check = (_experiment, { written }) =>
  ownTrainerKeys.flatMap((key) => {
    if (getAt(written, [key]) === undefined) return [];
    const message = `\`${key}\` is the script's own affair where there is a \`trainer\`.`;
    const hint = "Remove it; settings that the script reads belong into `settings`.";
    return [{ ...finding({ path: key, message, hint }), at: "key" as const }];
  });

const scriptExists: Check = ({ trainer }, { file, exists }) => {
  if (!trainer || !exists) return [];
  const absolute = resolvePath(file, trainer.python);
  if (exists(absolute)) return [];
  const message = `The script "${trainer.python}" does not exist; expected it at ${absolute}.`;
  const hint = "Paths are relative to the experiment file. Correct the path or put the script there.";
  return [finding({ path: "trainer.python", message, hint })];
};

const referencesHold: Check = (experiment) =>
  !experiment.trainer
    ? []
    : referencesIn(experiment.trainer).flatMap(({ key, index }) => {
        if (referred(experiment, key) !== undefined) return [];
        const near = nearestReference(experiment, key);
        const message = `\`\${${key}}\` names no setting of this experiment; expected a key with a value, such as \`optimizer.learningRate\`.`;
        const hint =
          near === undefined
            ? "Give it, under `optimizer` or `settings`, or write the value itself."
            : `Did you mean \${${near}}?`;
        return [finding({ path: `trainer.args.${index}`, message, hint })];
      });

const settingsHaveScript: Check = ({ settings, trainer }) =>
  settings === undefined || trainer
    ? []
    : [
        {
          ...finding({
            path: "settings",
            message: "`settings` are those of a script, and this experiment has no `trainer`.",
            hint: 'Remove them, or add "trainer": { "python": "train.py" }.',
          }),
          at: "key",
        },
      ];

const checks: readonly Check[] = [
  settingsHaveScript,
  filesExist,
  setIsCached,
  learningRateGiven,
  batchFits,
  scheduleFits,
  lossFitsTargets,
  labelNoiseFits,
  threadsAreUsed,
  kindRules,
  gapHasTestData,
];

const scriptChecks: readonly Check[] = [onlyScriptKeys, scriptExists, referencesHold];

/** Everything the checks have against an experiment whose schema is satisfied. */
export const semanticFindings = (experiment: Experiment, context: CheckContext): Finding[] =>
  (hasScript(experiment) ? scriptChecks : checks).flatMap((check) => check(experiment, context));

export const isInside = (path: KeyPath, ancestor: KeyPath): boolean =>
  ancestor.length <= path.length && ancestor.every((key, i) => key === path[i]);
