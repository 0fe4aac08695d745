// The limits a run's own settings put on sharpness and non-uniformity. Pure.
import { nonuniformityLimit, sharpnessLimit } from "../../src/stability/thresholds";
import type { RunModel } from "./runModel";

export interface RunLimits {
  /** Largest sharpness at which the learning rate in force is stable; Infinity where the preconditioned one decides. */
  readonly sharpness: number;
  /** Largest preconditioned sharpness; Infinity for optimizers without a preconditioner. */
  readonly preconditionedSharpness: number;
  /** Largest non-uniformity the necessary condition allows; Infinity for full batches and where it does not speak. */
  readonly nonuniformity: number;
}

export function limitsOf({ info, header, verdict, latest }: RunModel): RunLimits {
  const { optimizer } = info.experiment;
  const { batchSize } = optimizer;
  const learningRate = latest.get("learningRate")?.value ?? optimizer.learningRate;
  // Until the header is there, and for logs without it.
  const early = { preconditioned: optimizer.kind !== "sgd", ...(optimizer.kind === "sgd" ? optimizer : {}) };
  const { preconditioned, ...dynamics } = header?.dynamics ?? early;
  const n = header?.examples ?? verdict?.settings.examples;
  const unknown = batchSize !== "full" && n === undefined;
  if (preconditioned)
    return {
      sharpness: Infinity,
      // The reading holds the weight decay of the gradient already.
      preconditionedSharpness: sharpnessLimit({ ...dynamics, learningRate, weightDecay: 0 }),
      nonuniformity: Infinity,
    };
  return {
    sharpness: sharpnessLimit({ ...dynamics, learningRate }),
    preconditionedSharpness: Infinity,
    nonuniformity: unknown ? Infinity : nonuniformityLimit({ learningRate, batchSize, n: n ?? 1 }),
  };
}
