// The limits a run's own settings put on sharpness and non-uniformity. Pure.
import type { OptimizerSpec } from "../protocol/experiment";
import type { Dynamics } from "../types/dynamics";
import { batchSharpnessLimit, nonuniformityLimit, sharpnessLimit } from "../stability/thresholds";
import { Column } from "./column";
import { mapped } from "./mapped";
import type { RunView } from "./runView";

export interface RunLimits {
  /** Largest sharpness at which the learning rate in force is stable; Infinity where the preconditioned one decides. */
  readonly sharpness: number;
  /** Largest preconditioned sharpness; Infinity for optimizers without a preconditioner. */
  readonly preconditionedSharpness: number;
  /** Largest non-uniformity the necessary condition allows; Infinity for full batches and where it does not speak. */
  readonly nonuniformity: number;
}

/** The learning rate in force at a step: the experiment's own, or what its schedule made of it. */
export const rateAt = (run: RunView, step: number): number =>
  run.series.column("learningRate").at(step) ?? run.info.experiment.optimizer.learningRate;

/** What an experiment alone says of its optimizer: until the header is there, and for logs without it. */
export const earlyDynamics = (optimizer: OptimizerSpec): Dynamics & { readonly preconditioned: boolean } => ({
  preconditioned: optimizer.kind !== "sgd",
  ...(optimizer.kind === "sgd" && {
    momentum: optimizer.momentum,
    nesterov: optimizer.nesterov,
    weightDecay: optimizer.weightDecay,
    ...(optimizer.sam && { radius: optimizer.batchSize === "full" ? optimizer.sam.radius : NaN }),
  }),
});

/** Largest sharpness that an optimizer bears at a slope ‖∇L‖, which SAM's limit depends on; undefined where it is not known. */
export function slopedLimit(
  optimizer: OptimizerSpec,
  learningRate: number,
  gradNorm: number | undefined,
): number | undefined {
  const limit = sharpnessLimit({ ...earlyDynamics(optimizer), learningRate, gradNorm });
  return Number.isNaN(limit) ? undefined : limit;
}

/** At a step; without one, now. */
export function limitsOf(run: RunView, step = Infinity): RunLimits {
  const { info, verdict, series } = run;
  const { header } = series;
  const { optimizer } = info.experiment;
  const { batchSize } = optimizer;
  const learningRate = rateAt(run, step);
  const { preconditioned, ...dynamics } = header?.dynamics ?? earlyDynamics(optimizer);
  const n = header?.examples ?? verdict?.settings.examples;
  const unknown = batchSize !== "full" && n === undefined;
  if (preconditioned)
    return {
      sharpness: Infinity,
      // The reading holds the weight decay of the gradient already.
      preconditionedSharpness: sharpnessLimit({ ...dynamics, learningRate, weightDecay: 0 }),
      nonuniformity: Infinity,
    };
  const sharpness = sharpnessLimit({
    ...dynamics,
    learningRate,
    gradNorm: series.column("gradNorm").at(step),
  });
  return {
    // None is drawn where none is known.
    sharpness: Number.isNaN(sharpness) ? Infinity : sharpness,
    preconditionedSharpness: Infinity,
    nonuniformity: unknown ? Infinity : nonuniformityLimit({ learningRate, batchSize, n: n ?? 1 }),
  };
}

/** A limit over steps where a schedule moves it, or SAM's slope does; undefined where it is constant. */
export function limitOver(run: RunView, name: keyof RunLimits, along: Column): Column | undefined {
  const rates = run.series.column("learningRate").values;
  const { optimizer } = run.info.experiment;
  const sloped = name === "sharpness" && optimizer.kind === "sgd" && optimizer.sam !== undefined;
  if (rates.every((rate) => rate === rates[0]) && !(sloped && optimizer.batchSize === "full"))
    return undefined;
  return mapped(along, `limit.${name}`, (_value, step) => limitsOf(run, step)[name]);
}

/**
 * The batch sharpness that SGD with momentum bears, at each of its readings, from the sharpness last read before it (0 where there is
 * none: the line of the smallest batches). Empty where it is the limit of the sharpness itself, or is not derived.
 */
export function batchLimitOver(run: RunView, batch: Column): Column {
  const { optimizer } = run.info.experiment;
  const momentum = optimizer.kind === "sgd" ? optimizer.momentum : 0;
  const sam = optimizer.kind === "sgd" && optimizer.sam !== undefined;
  if (momentum === 0 || sam || optimizer.batchSize === "full") return none;
  const sharpness = run.series.column("sharpness");
  const limit = (_value: number, step: number): number => {
    const read = sharpness.at(step) ?? 0;
    return batchSharpnessLimit(Number.isFinite(read) ? Math.max(0, read) : 0, {
      ...optimizer,
      learningRate: rateAt(run, step),
    });
  };
  return mapped(batch, "limit.batchSharpness", limit);
}

const none = new Column();

export const nonuniformityFormula =
  "(1/η)·(B(n−1)/(n−B))^½ · Wu, Ma & E, NeurIPS 2018; no bound for full batches";
