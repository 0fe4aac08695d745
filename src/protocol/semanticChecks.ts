// What a schema cannot say about an experiment: files that are missing, keys that contradict each other.
import { dirname, isAbsolute, join } from "node:path";
import { dataFiles, hasTestData, knownExamples } from "./dataFacts";
import type { Experiment } from "./experiment";
import { getAt, type Json, type KeyPath } from "./jsonPath";
import { filesOf, howToGet, isSetName, namedSets } from "./namedSets";
import type { Finding } from "./schemaProblems";

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
export const resolvePath = (file: string, path: string): string =>
  isAbsolute(path) ? path : join(dirname(file), path);

const filesExist: Check = (experiment, { file, exists }) => {
  if (!exists) return [];
  const { model } = experiment;
  const weights = model.weights === undefined ? [] : ["model.weights"];
  const network = model.kind === undefined ? ["model.onnx"] : [];
  return [...dataFiles(experiment.data), ...network, ...weights].flatMap((path) => {
    const written = getAt(experiment as unknown as Json, path.split(".")) as string;
    const absolute = resolvePath(file, written);
    if (exists(absolute)) return [];
    const what =
      path === "model.weights" ? "weights file" : path === "model.onnx" ? "ONNX file" : "data file";
    const message = `The ${what} "${written}" does not exist; expected it at ${absolute}.`;
    return [
      finding({
        path,
        message,
        hint: "Paths are relative to the experiment file. Correct the path or put the file there.",
      }),
    ];
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

const nesterovHasMomentum: Check = ({ optimizer }) => {
  if (optimizer.kind !== "sgd" || !optimizer.nesterov || optimizer.momentum > 0) return [];
  const message = "`nesterov` is true but `momentum` is 0; expected momentum between 0 and 1.";
  return [
    finding({
      path: "optimizer.nesterov",
      message,
      hint: 'Give "momentum", e.g. 0.9, or set "nesterov" to false.',
    }),
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
  if (schedule.kind === "cosine" && schedule.steps >= unlimited) {
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

/** Steps of a run that is limited by minutes alone. */
const unlimited = 1_000_000_000;

const decayIsGentle: Check = ({ optimizer }) => {
  const { kind, weightDecay, learningRate } = optimizer;
  if (kind !== "adamw" || learningRate * weightDecay < 2) return [];
  const message = `\`learningRate\` times \`weightDecay\` is ${learningRate * weightDecay}; from 2 on the decay alone makes every weight grow.`;
  return [finding({ path: "optimizer.weightDecay", message, hint: "Lower one of the two." })];
};

const lossFitsTargets: Check = ({ data, loss }) => {
  const regression =
    data.source === "chebyshev" ||
    data.source === "teacher" ||
    data.source === "two-minima" ||
    (data.source === "csv" && data.task === "regression");
  if (loss !== "cross-entropy" || !regression) return [];
  const message = `Loss "cross-entropy" needs class labels, but data source "${data.source}" gives real-valued targets.`;
  const hint =
    data.source === "csv"
      ? 'Set data.task to "classification", or use "mse" or "squared-error".'
      : 'Use "mse" or "squared-error".';
  return [finding({ path: "loss", message, hint })];
};

const curvaturesForTwoMinima: Check = ({ data, model }) => {
  if (model.kind !== "twoMinima" || data.source === "two-minima") return [];
  const message = `Model "twoMinima" reads each example's input as a curvature; data source "${data.source}" gives other inputs.`;
  return [finding({ path: "model.kind", message, hint: 'Use "data": { "source": "two-minima" }.' })];
};

const oneClassColumn: Check = ({ data }) => {
  if (data.source !== "csv" || data.task !== "classification" || data.targets.length === 1) return [];
  const message = `A classification task has one target column, the class; found ${data.targets.length}.`;
  return [
    finding({ path: "data.targets", message, hint: 'Name one column, or set "task" to "regression".' }),
  ];
};

const labelNoiseHasLabels: Check = ({ data }) => {
  if (data.source !== "csv" || data.task !== "regression" || data.labelNoise === undefined) return [];
  const message = "`labelNoise` needs class labels, but the task is regression.";
  return [
    {
      ...finding({ path: "data.labelNoise", message, hint: 'Remove it, or set "task" to "classification".' }),
      at: "key",
    },
  ];
};

const enoughForClasses: Check = ({ data }) => {
  if (data.source !== "spirals" || data.examples >= data.classes) return [];
  const message = `\`examples\` is ${data.examples}, fewer than the ${data.classes} classes; expected at least one per class.`;
  return [finding({ path: "data.examples", message, hint: `Set it to at least ${data.classes}.` })];
};

const gapHasTestData: Check = ({ data }, { written }) => {
  // Only when the user asked for it: the default probes leave it out silently where there is no test data.
  if (getAt(written, ["probes", "generalization"]) === undefined || hasTestData(data)) return [];
  const message =
    "The generalization probe needs test data and this experiment has none; no gap will be recorded.";
  const add = "testExamples" in data ? "Set data.testExamples above 0" : "Add data.test";
  return [
    {
      ...finding({
        path: "probes.generalization",
        severity: "warning",
        message,
        hint: `${add}, or remove the probe.`,
      }),
      at: "key",
    },
  ];
};

const checks: readonly Check[] = [
  filesExist,
  setIsCached,
  labelNoiseHasLabels,
  learningRateGiven,
  batchFits,
  nesterovHasMomentum,
  scheduleFits,
  decayIsGentle,
  lossFitsTargets,
  curvaturesForTwoMinima,
  oneClassColumn,
  enoughForClasses,
  gapHasTestData,
];

/** Everything the checks have against an experiment whose schema is satisfied. */
export const semanticFindings = (experiment: Experiment, context: CheckContext): Finding[] =>
  checks.flatMap((check) => check(experiment, context));

export const isInside = (path: KeyPath, ancestor: KeyPath): boolean =>
  ancestor.length <= path.length && ancestor.every((key, i) => key === path[i]);
