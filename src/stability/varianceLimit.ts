// The exact mean-square limit: the largest learning rate at which E‖δ‖² does not grow, as a bracket.
import type { Bracket } from "../types/bracket";
import type { Gemm } from "../util/gemm";
import { NoiseGain } from "./noiseGain";
import { response } from "./response";
import { drawnFrom, truncate, type Factors } from "./secondMoment";
import { meanLimit, samplingFactor, type Dynamics } from "./thresholds";

export type { Bracket };

export interface LimitOptions extends Dynamics {
  readonly batchSize: number;
  readonly gemm: Gemm;
  /** Relative error of the limit. Default 1e-6. */
  readonly tolerance?: number;
  /** What was found about these factors before, to go on from. */
  readonly noise?: NoiseGain;
  /** Learning rate the sufficient condition certifies (from all directions), for a truncated reading of plain SGD. */
  readonly certified?: number;
}

/**
 * η*, the largest learning rate with ρ(η, B, β) ≤ 1, of plain SGD (there 2 / λmax(C̃^{-1/2} D̃ C̃^{-1/2})), heavy ball or Nesterov. With fewer
 * than all directions the result is an upper bound that falls as r grows. Costs about ten products of 2 nK r² flops.
 * @source Mulayoff & Michaeli, COLT 2024, Theorem 1; theory.md, section 2.
 */
export async function varianceLimit(factors: Factors, options: LimitOptions): Promise<Bracket> {
  const { r: rank, fullRank } = factors;
  const { gemm, batchSize, momentum } = options;
  const whole = options.noise ?? new NoiseGain(factors, gemm);
  const exact = rank >= fullRank || samplingFactor(drawnFrom(factors), batchSize) === 0;
  if (exact) {
    const { limit: upper } = await limitOf(factors, whole, options);
    return { lower: upper, upper, exact, rank, fullRank, lastChange: 0 };
  }
  const fewer = truncate(factors, Math.max(1, rank >> 1));
  const half = await limitOf(fewer, new NoiseGain(fewer, gemm), options);
  const { limit: upper } = await limitOf(factors, whole, options, half.modes);
  const lower = Math.min(upper, momentum ? 0 : (options.certified ?? 0));
  return { lower, upper, exact, rank, fullRank, lastChange: Math.max(0, (half.limit - upper) / upper) };
}

/** The learning rate at which noise just sustains itself, at most the mean limit, where the first moment already grows. */
async function limitOf(
  { n, r, lambda, population }: Factors,
  noise: NoiseGain,
  { batchSize, tolerance = 1e-6, ...dynamics }: LimitOptions,
  start?: readonly Float64Array[],
): Promise<{ readonly limit: number; readonly modes?: readonly Float64Array[] }> {
  const sharpest = r === 0 ? 0 : lambda[0];
  const top = meanLimit(sharpest, dynamics);
  const p = samplingFactor(drawnFrom({ n, population }), batchSize);
  if (!(sharpest > 0) || p === 0) return { limit: top };
  const { t, modes } = await noise.crossing(
    {
      from: 1 / top,
      guess: 2 / top,
      weights: (values, t) => response(values, n, { ...dynamics, p, learningRate: 1 / t }),
    },
    tolerance,
    start,
  );
  return { limit: 1 / t, modes };
}
