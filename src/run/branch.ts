// What a branch takes along from the run it leaves: weights always, the rest as far as it still means the same.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { optimizerOf } from "../optimizers";
import { fileError } from "../protocol/errors";
import type { Experiment, OptimizerSpec } from "../protocol/experiment";
import { files } from "../protocol/runFolder";
import { checkpointName, loadCheckpoint, type Checkpoint } from "../trainers/basin/checkpoint";
import type { Problem } from "../trainers/basin/problem";
import { readInfo } from "./runInfo";

export const slotsOf = ({ optimizer }: Experiment): readonly string[] =>
  optimizerOf(optimizer).slots(optimizer);

/** Adam and AdamW keep the same moments; otherwise slots of one kind mean nothing to another. */
const sameState = (a: OptimizerSpec["kind"], b: OptimizerSpec["kind"]): boolean =>
  a === b || (a.startsWith("adam") && b.startsWith("adam"));

/** The state at `step` of another run, as a start for `problem`. @throws UserError when the model is another one. */
export function branchState(folder: string, step: number, problem: Problem): Checkpoint {
  const { experiment: old } = readInfo(folder);
  const { experiment } = problem;
  const path = join(folder, files.checkpoints, checkpointName(step));
  if (!existsSync(path)) throw fileError(path, "no such checkpoint");
  const saved = loadCheckpoint(path, problem, slotsOf(old));
  const keepsState = sameState(old.optimizer.kind, experiment.optimizer.kind);
  const sameData = equal([old.data, old.loss], [experiment.data, experiment.loss]);
  const drawn = ({ seed, optimizer }: Experiment) => [
    seed,
    optimizer.batchSize,
    optimizer.sampling === "independent",
  ];
  const sameBatches = equal(drawn(old), drawn(experiment));
  return {
    ...saved,
    time: 0,
    // Its readings are those of another run.
    readings: [],
    course: new Map(),
    ...(sameData && keepsState ? {} : { limits: {} }),
    // A new state has made no updates yet: bias corrections count from here.
    ...(keepsState ? {} : { slots: new Map<string, Float32Array>(), since: step }),
    sampler: sameBatches && sameData ? saved.sampler : null,
    initialLoss: sameData ? saved.initialLoss : NaN,
    loss: sameData ? saved.loss : NaN,
  };
}

const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
