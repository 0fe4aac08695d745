// A new run that starts from a checkpoint of another, with other settings.
import { dirname } from "node:path";
import type { ExperimentPoint } from "../protocol/checkExperiment";
import { fileError } from "../protocol/errors";
import { hasScript } from "../protocol/script";
import type { RunRecord } from "../record/runRecord";
import { checkpointSteps } from "./checkpoints";
import { submit, type MadeRun } from "./newRun";
import { stepIn, withSettings } from "./otherSettings";

export interface BranchOptions {
  /** Step of the checkpoint, as it was typed; the newest one without it. */
  readonly step?: string;
  /** Settings that differ, each "key.path=value". */
  readonly overrides: readonly string[];
  /** How a path is said to the user. */
  readonly shown?: (path: string) => string;
}

export interface Branch extends ExperimentPoint {
  readonly made: MadeRun;
  readonly step: number;
}

/** Queues the branch beside its run. @throws UserError for a checkpoint there is none of, a wrong setting, or nothing left to train. */
export function submitBranch(
  record: RunRecord,
  { step: asked, overrides: changes, shown }: BranchOptions,
): Branch {
  const { folder, info } = record;
  const scripted = hasScript(info.experiment);
  // A script that has saved nothing starts anew, and says so.
  const step =
    scripted && asked === undefined && checkpointSteps(folder).length === 0 ? 0 : stepIn(record, asked);
  const point = withSettings(record, changes, shown);
  const { experiment, overrides } = point;
  if (!scripted && experiment.stop.steps <= step)
    throw fileError(
      info.id,
      `its branch would have nothing to train: stop.steps is ${experiment.stop.steps}, and it starts at step ${step}`,
      `Steps count on from there: add --set stop.steps=${2 * Math.max(step, 500)}.`,
    );
  const branchedFrom = { folder, run: info.id, step };
  const [made] = submit(dirname(folder), [{ experiment, file: info.file, overrides, branchedFrom }]);
  return { ...point, made, step };
}
