// An experiment that goes on from a run with other settings: the run's resolved experiment with `--set` on top.
import { checkOptions, localFileOf } from "../record/disk/checkOptions";
import type { RunRecord } from "../record/runRecord";
import { checkpointSteps } from "./checkpoints";
import { checkExperiment, type ExperimentPoint } from "../protocol/checkExperiment";
import { fileError, UserError, type Problem } from "../protocol/errors";
import type { Experiment } from "../protocol/experiment";
import { hasScript, settingsIn } from "../protocol/script";
import { parseOverride } from "../protocol/sweep";

/**
 * The run's experiment with overrides, each "key.path=value"; problems name the run and the key.
 *
 * @param shown  How a path is said to the user. @throws UserError
 */
export function withSettings(
  { info }: RunRecord,
  overrides: readonly string[],
  shown: (path: string) => string = (path) => path,
): ExperimentPoint {
  const text = JSON.stringify(fittedTo(info.experiment, overrides));
  const { problems, points } = checkExperiment(text, info.file, { ...checkOptions(info.file), overrides });
  // The text is made here: a line of it would lead nowhere.
  const named = problems.map(({ place, ...rest }): Problem => {
    if (place.file === localFileOf(info.file)) return { ...rest, place };
    const file = place.file === "--set" ? place.file : `${info.id} (${shown(place.file)})`;
    return { ...rest, place: { file, key: place.key } };
  });
  const errors = named.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new UserError(errors);
  return points[0];
}

/** Another kind of optimizer has other keys: those that only the old kind has do not go with it. */
function fittedTo(experiment: Experiment, overrides: readonly string[]): object {
  const kind = overrides.map(parseOverride).findLast((one) => "key" in one && one.key === "optimizer.kind");
  const { optimizer } = experiment;
  if (hasScript(experiment)) return settingsIn(experiment);
  if (kind === undefined || !("value" in kind) || kind.value === optimizer.kind) return experiment;
  const { learningRate, batchSize, sampling, schedule, clip, labelNoise } = optimizer;
  const kept = { learningRate, batchSize, sampling, schedule, clip, labelNoise };
  return { ...experiment, optimizer: { kind: optimizer.kind, ...kept } };
}

/** The checkpoint's step that a call means: the one named, or the newest. @throws UserError listing the steps there are. */
export function stepIn({ folder, info }: RunRecord, text: string | undefined): number {
  const steps = checkpointSteps(folder);
  if (steps.length === 0) throw fileError(info.id, "has no checkpoint", "It ended before its first one.");
  if (text === undefined) return steps[steps.length - 1];
  if (steps.includes(Number(text)) && text.trim() !== "") return Number(text);
  throw fileError(
    info.id,
    `has no checkpoint at step ${text}`,
    `There are checkpoints at: ${listed(steps)}. More of them: "checkpoints": { "every": N }.`,
  );
}

const listed = (steps: readonly number[]): string =>
  steps.length <= 20
    ? steps.join(", ")
    : `${steps.slice(0, 12).join(", ")}, … ${steps.slice(-4).join(", ")} (${steps.length} of them)`;
