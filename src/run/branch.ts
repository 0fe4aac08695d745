// What a branch takes along from the run it leaves: weights always, the rest as far as it still means the same.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { optimizerOf } from "../optimizers";
import { fileError } from "../protocol/errors";
import type { Experiment, OptimizerSpec } from "../protocol/experiment";
import { files, type RunInfo } from "../protocol/runFolder";
import { checkpointName, loadCheckpoint, type TrainingState } from "./checkpoint";
import type { Problem } from "./problem";

export const slotsOf = ({ optimizer }: Experiment): readonly string[] =>
  optimizerOf(optimizer).slots(optimizer);

/** @throws UserError when run.json is missing or no JSON. */
export function readInfo(folder: string): RunInfo {
  const path = join(folder, files.run);
  try {
    return JSON.parse(readFileSync(path, "utf8")) as RunInfo;
  } catch {
    throw fileError(
      path,
      "cannot be read as JSON",
      "Expected the run.json that `basin run` wrote; this folder cannot be gone on with.",
    );
  }
}

/** Adam and AdamW keep the same moments; otherwise slots of one kind mean nothing to another. */
const sameState = (a: OptimizerSpec["kind"], b: OptimizerSpec["kind"]): boolean =>
  a === b || (a.startsWith("adam") && b.startsWith("adam"));

/** The state at `step` of another run, as a start for `problem`. @throws UserError when the model is another one. */
export function branchState(folder: string, step: number, problem: Problem): TrainingState {
  const { experiment: old } = readInfo(folder);
  const { experiment, model, d } = problem;
  const path = join(folder, files.checkpoints, checkpointName(step));
  if (!existsSync(path)) throw fileError(path, "no such checkpoint");
  const saved = loadCheckpoint(path, model, d, slotsOf(old));
  const keepsState = sameState(old.optimizer.kind, experiment.optimizer.kind);
  const sameData = equal([old.data, old.loss], [experiment.data, experiment.loss]);
  const sameBatches =
    old.seed === experiment.seed && old.optimizer.batchSize === experiment.optimizer.batchSize;
  return {
    ...saved,
    time: 0,
    // A new state has made no updates yet: bias corrections count from here.
    ...(keepsState ? {} : { slots: new Map<string, Float32Array>(), since: step }),
    sampler: sameBatches && sameData ? saved.sampler : null,
    initialLoss: sameData ? saved.initialLoss : NaN,
  };
}

const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
