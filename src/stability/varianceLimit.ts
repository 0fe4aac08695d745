// The exact mean-square limit: the largest learning rate at which E‖δ‖² does not grow, as a bracket.
import type { Gemm } from "../util/gemm";
import { lanczosMax } from "../util/linalg/lanczosMax";
import { growthOfMomentum, shiftWithoutMomentum } from "./growth";
import { batchMoment, truncate, type Factors } from "./secondMoment";
import { meanLimit, samplingFactor, type Dynamics } from "./thresholds";

export interface Bracket {
  /** Certainly stable below this learning rate; 0 when nothing certifies a value. */
  readonly lower: number;
  /** Certainly unstable above this learning rate (Rayleigh's principle). */
  readonly upper: number;
  readonly exact: boolean;
  readonly rank: number;
  readonly fullRank: number;
  /** Relative fall of `upper` when the rank last doubled; 0 when exact. */
  readonly lastChange: number;
}

export interface LimitOptions extends Dynamics {
  readonly batchSize: number;
  readonly gemm: Gemm;
  /** Learning rate the sufficient condition certifies (from all directions), for a truncated reading of plain SGD. */
  readonly certified?: number;
}

/**
 * η* = 2 / λmax(C̃^{-1/2} D̃ C̃^{-1/2}) on symmetric r×r matrices for plain SGD; for momentum the η at which the growth
 * ρ(η, B, β) reaches 1. With fewer than all directions the result is an upper bound that falls as r grows.
 * @source Mulayoff & Michaeli, COLT 2024, Theorem 1; theory.md, section 2.
 */
export async function varianceLimit(factors: Factors, options: LimitOptions): Promise<Bracket> {
  const limit = (f: Factors): Promise<number> =>
    options.momentum ? momentumLimit(f, options) : sgdLimit(f, options);
  const upper = await limit(factors);
  const { r: rank, fullRank } = factors;
  const exact = rank >= fullRank || samplingFactor(factors.n, options.batchSize) === 0;
  if (exact) return { lower: upper, upper, exact, rank, fullRank, lastChange: 0 };
  const half = await limit(truncate(factors, Math.max(1, rank >> 1)));
  const lower = Math.min(upper, options.momentum ? 0 : (options.certified ?? 0));
  return { lower, upper, exact, rank, fullRank, lastChange: Math.max(0, (half - upper) / upper) };
}

/** With weight decay c every Hᵢ is shifted by cI, so that C and D keep their form: η* = 2 / λmax(C̃^{-1/2} D̃ C̃^{-1/2}) of the shifted. */
async function sgdLimit(factors: Factors, options: LimitOptions): Promise<number> {
  const { batchSize, gemm, gain = 1 } = options;
  const { n, r, lambda } = factors;
  const shift = shiftWithoutMomentum(options);
  const p = samplingFactor(n, batchSize);
  const sharpest = r === 0 ? 0 : lambda[0];
  if (!(sharpest > 0) || p === 0) return meanLimit(sharpest, options);
  const moment = batchMoment(factors, gemm, p, shift);
  // C̃^{-1/2}: C̃ is diagonal, ½(λa + λb).
  const root = new Float64Array(r * r);
  for (let a = 0; a < r; a++)
    for (let b = 0; b < r; b++) root[a * r + b] = 1 / Math.sqrt((lambda[a] + lambda[b]) / 2 + shift);
  // The top eigenvector is positive semidefinite: start from one such matrix, C̃^{1/2}[I].
  const start = new Float64Array(r * r);
  for (let a = 0; a < r; a++) start[a * r + a] = Math.sqrt(lambda[a] + shift);
  const { value } = await lanczosMax(
    async (Y) => {
      const F = await moment(Y.map((y, i) => y * root[i]));
      for (let i = 0; i < F.length; i++) F[i] *= root[i];
      return F;
    },
    start,
    1e-7,
  );
  return 2 / (gain * value);
}

/** Largest η with ρ ≤ 1, by bisection between 0 and the mean limit, where the first moment already grows. */
async function momentumLimit(factors: Factors, options: LimitOptions): Promise<number> {
  const { lambda, n, r } = factors;
  const sharpest = r === 0 ? 0 : lambda[0];
  const top = meanLimit(sharpest, options);
  if (!(sharpest > 0) || samplingFactor(n, options.batchSize) === 0) return top;
  // ρ is never much below 1 (the flattest kept direction decays slowest), so the noisy directions are asked alone:
  // a map that grows has its largest eigenvalue above 1, one that does not has none above 1 + rounding.
  let [low, high] = [0, top];
  for (let i = 0; i < 14 && high - low > 2e-4 * high; i++) {
    const middle = (low + high) / 2;
    const { rho } = await growthOfMomentum(factors, { ...options, learningRate: middle });
    if (rho > 1) high = middle;
    else low = middle;
  }
  return high;
}
