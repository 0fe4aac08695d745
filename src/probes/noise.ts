// Noise: how unevenly the examples curve the loss, and the learning rate at which that alone breaks stability.
import { EigenTracker } from "../curvature/tracker";
import { noiseFactors, type NoiseReading } from "./noiseFactors";
import { growth } from "../stability/growth";
import { NoiseGain } from "../stability/noiseGain";
import { samplingFactor } from "../stability/thresholds";
import { varianceLimit } from "../stability/varianceLimit";
import { Rng } from "../util/rng";
import type { Probe, ProbeContext } from "./probe";

/** Rank kept while training; a verdict uses more (see run/verdict.ts). */
const trainingRank = 32;

/**
 * The mean-square limit and the growth at the run's own settings, from Gauss–Newton factors.
 * @source theory.md, section 2.
 */
export async function varianceReading(context: ProbeContext, rank: number | "all"): Promise<NoiseReading> {
  const { batchSize, gemm, n, descent } = context;
  const factors = await noiseFactors(context, rank);
  const noise = new NoiseGain(factors, gemm);
  const settings = { ...descent, batchSize, gemm, noise };
  const certified =
    isPlain(descent) && factors.r < factors.fullRank
      ? await certifiedLimit(context, samplingFactor(n, batchSize))
      : 0;
  return {
    factors,
    noise,
    limit: await varianceLimit(factors, { ...settings, certified }),
    growth: await growth(factors, settings),
  };
}

/** Whether the sufficient condition speaks of this optimizer. */
const isPlain = ({
  momentum,
  preconditioner,
  weightDecay,
  decoupledDecay,
}: ProbeContext["descent"]): boolean =>
  !momentum && preconditioner === null && !weightDecay && !decoupledDecay;

/** Why the mean-square limit cannot be given here, or null where it can. */
export function noVarianceReading({ preconditioner, weightDecay }: ProbeContext["descent"]): string | null {
  // P^{-1/2}(Hᵢ + cI)P^{-1/2} = G̃ᵢG̃ᵢᵀ + cP^{-1}: the last term leaves the span of the factors.
  return preconditioner !== null && weightDecay
    ? "The mean-square limit is not given: weight decay enters the gradient before it is preconditioned, and then curves every direction differently. AdamW's decoupled decay does not."
    : null;
}

/** What the sufficient condition certifies: 2 / λmax over all directions, its residual counted against it. */
async function certifiedLimit({ curvature, experiment }: ProbeContext, p: number): Promise<number> {
  const operator = curvature.sufficientOperator(p);
  const rng = new Rng(experiment.seed, "certified");
  const { values, errors } = await new EigenTracker({
    size: operator.size,
    top: 1,
    tolerance: 1e-2,
    rng,
  }).measure(operator);
  return 2 / (values[0] + errors[0]);
}

export const noise: Probe = {
  id: "noise",
  label: "Gradient noise",
  every: (experiment) => experiment.probes.noise?.every,
  cost: "about 30 Gauss–Newton products and one Gram matrix",
  start(experiment, size, rng) {
    const { tolerance, rank } = experiment.probes.noise ?? { tolerance: 1e-2, rank: trainingRank };
    const sigma = new EigenTracker({ size, top: 1, tolerance, rng });
    const gaussNewton = new EigenTracker({ size, top: 1, tolerance, rng });
    return {
      async measure(context) {
        const curvature = context.curvature;
        const flat = await gaussNewton.measure(curvature.gaussNewton());
        const uneven = await sigma.measure(curvature.noiseMatrix());
        const known = {
          gaussNewtonSharpness: flat.values[0],
          nonuniformity: Math.sqrt(Math.max(0, uneven.values[0])),
        };
        if (noVarianceReading(context.descent) !== null) return known;
        const { limit, growth: rate } = await varianceReading(context, rank);
        return {
          ...known,
          "stability.varianceLimit": limit.upper,
          "stability.varianceLimit.lower": limit.lower,
          "stability.growth": rate.rho,
        };
      },
      get memory() {
        return [...sigma.state, ...gaussNewton.state];
      },
      recall(memory) {
        const half = memory.length >> 1;
        sigma.restore(memory.slice(0, half));
        gaussNewton.restore(memory.slice(half));
      },
    };
  },
};
