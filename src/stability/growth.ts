// How fast E‖δ‖² grows per step at given settings: the spectral radius ρ of the second-moment map.
import type { Gemm } from "../util/gemm";
import { NoiseGain } from "./noiseGain";
import { meanGrowth, response } from "./response";
import { drawnFrom, type Factors } from "./secondMoment";
import { meanLimit, samplingFactor, type Dynamics } from "./thresholds";

export interface GrowthOptions extends Dynamics {
  readonly learningRate: number;
  readonly batchSize: number;
  readonly gemm: Gemm;
  /** What was found about these factors before, to go on from. */
  readonly noise?: NoiseGain;
}

export interface Growth {
  /** Factor of E‖δ‖² per step, along the directions kept. Directions with zero curvature neither grow nor shrink. */
  readonly rho: number;
  /** Estimate of the error of ρ, from its residual. */
  readonly error: number;
}

/** Relative error of ρ. */
const tolerance = 1e-6;

/**
 * ρ(η, B, β) of plain SGD, heavy ball or Nesterov: the largest ρ at which the gain of the noise's loop is 1.
 * @source theory.md, section 2.
 */
export async function growth(factors: Factors, options: GrowthOptions): Promise<Growth> {
  const { lambda, n, r } = factors;
  const { batchSize, gemm, noise = new NoiseGain(factors, gemm), ...dynamics } = options;
  if (Number.isNaN(lambda[0])) return { rho: NaN, error: NaN };
  if (r === 0) return { rho: 1, error: 0 };
  const p = samplingFactor(drawnFrom(factors), batchSize);
  const from = meanGrowth(lambda, { ...dynamics, p });
  const rounding = roundingOf(lambda[0], options);
  // A step of length 0 makes no noise.
  if (p === 0 || options.learningRate === 0) return { rho: from, error: rounding };
  const { t: rho, error } = await noise.crossing(
    {
      from,
      guess: Math.max(1, from * (1 + 1e-6)),
      weights: (values, rho) => response(values, n, { ...dynamics, p, rho }),
    },
    tolerance,
  );
  return { rho, error: error + rounding };
}

/** What ρ = (1 − γηλ)² … changes by when λ changes by the float32 rounding of the largest eigenvalue. */
const roundingOf = (sharpest: number, { learningRate, gain = 1, momentum = 0 }: GrowthOptions): number =>
  (2 * gain * learningRate * Math.abs(sharpest) * 2 ** -23) / (1 - momentum);

/** Steps in which the second moment grows e-fold, 1/ln ρ; null when it does not grow. */
export const escapeTime = (rho: number): number | null => (rho > 1 ? 1 / Math.log(rho) : null);

/**
 * Smallest batch size with ρ ≤ 1 at this learning rate; null where even the full batch is not stable. Sampling noise falls as B grows,
 * so one search over the noise factor p answers for all of them.
 */
export async function smallestStableBatch(
  factors: Factors,
  { learningRate, gemm, noise = new NoiseGain(factors, gemm), ...rest }: Omit<GrowthOptions, "batchSize">,
): Promise<number | null> {
  const { lambda, n, r } = factors;
  const dynamics = { ...rest, learningRate };
  const sharpest = r === 0 ? 0 : lambda[0];
  if (!(learningRate <= meanLimit(sharpest, dynamics))) return null;
  if (!(sharpest > 0) || learningRate === 0) return 1;
  const { t } = await noise.crossing(
    { from: 1, guess: 2, weights: (values, t) => response(values, n, { ...dynamics, p: 1 / t }) },
    tolerance,
  );
  // p = (N − B)/(B(N − 1)) ≤ 1/t; rounding must not cost a batch.
  const N = drawnFrom(factors);
  return Math.min(N, Math.ceil((N / (1 + (N - 1) / t)) * (1 - 1e-9)));
}
