// The limits a run's own settings put on sharpness and non-uniformity. Pure.
import { nonuniformityLimit, sharpnessLimit } from "../../src/stability/thresholds";
import type { RunModel } from "./runModel";

export interface RunLimits {
  /** Largest sharpness at which this learning rate (with its momentum) is stable. */
  readonly sharpness: number;
  /** Largest non-uniformity the necessary condition allows; Infinity for full batches. */
  readonly nonuniformity: number;
}

export function limitsOf({ info, header, verdict }: RunModel): RunLimits {
  const { learningRate, momentum, nesterov, batchSize } = info.experiment.optimizer;
  const n = header?.examples ?? verdict?.settings.examples;
  const unknown = batchSize !== "full" && n === undefined;
  return {
    sharpness: sharpnessLimit({ learningRate, momentum, nesterov }),
    nonuniformity: unknown ? Infinity : nonuniformityLimit({ learningRate, batchSize, n: n ?? 1 }),
  };
}

/** The full-batch threshold of the run's optimizer in letters. */
export function sharpnessLimitFormula({ info }: RunModel): string {
  const { momentum, nesterov } = info.experiment.optimizer;
  const formula = momentum === 0 ? "2/η" : nesterov ? "(2 + 2β)/((1 + 2β)η)" : "(2 + 2β)/η";
  return `${formula} · Cohen et al., ICLR 2021`;
}

export const nonuniformityFormula =
  "(1/η)·(B(n−1)/(n−B))^½ · Wu, Ma & E, NeurIPS 2018; no bound for full batches";
