// The exact mean-square limit: the largest learning rate at which E‖δ‖² does not grow, as a bracket.
import type { Gemm } from "../util/gemm";
import { lanczosMax } from "../util/linalg/lanczosMax";
import { growthOfMomentum } from "./growth";
import { noiseMap, truncate, type Factors } from "./secondMoment";
import { meanLimit, samplingFactor } from "./thresholds";

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

export interface LimitOptions {
  readonly batchSize: number;
  readonly gemm: Gemm;
  readonly momentum?: number;
  readonly nesterov?: boolean;
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

async function sgdLimit(factors: Factors, { batchSize, gemm }: LimitOptions): Promise<number> {
  const { n, r, lambda } = factors;
  if (!(lambda[0] > 0)) return Number.isNaN(lambda[0]) ? NaN : Infinity;
  const p = samplingFactor(n, batchSize);
  if (p === 0) return meanLimit(lambda[0]);
  const noise = noiseMap(factors, gemm);
  // C̃^{-1/2}: C̃ is diagonal, ½(λa + λb).
  const root = new Float64Array(r * r);
  for (let a = 0; a < r; a++)
    for (let b = 0; b < r; b++) root[a * r + b] = 1 / Math.sqrt((lambda[a] + lambda[b]) / 2);
  // The top eigenvector is positive semidefinite: start from one such matrix, C̃^{1/2}[I].
  const start = new Float64Array(r * r);
  for (let a = 0; a < r; a++) start[a * r + a] = Math.sqrt(lambda[a]);
  const { value } = await lanczosMax(
    async (Y) => {
      const Z = Y.map((y, i) => y * root[i]);
      const N = await noise(Z);
      for (let a = 0; a < r; a++)
        for (let b = 0; b < r; b++) {
          const i = a * r + b;
          N[i] = root[i] * ((1 - p) * lambda[a] * lambda[b] * Z[i] + p * N[i]);
        }
      return N;
    },
    start,
    1e-7,
  );
  return 2 / value;
}

/** Largest η with ρ ≤ 1, by bisection between 0 and the mean limit, where the first moment already grows. */
async function momentumLimit(factors: Factors, options: LimitOptions): Promise<number> {
  const { lambda, n } = factors;
  if (!(lambda[0] > 0)) return Number.isNaN(lambda[0]) ? NaN : Infinity;
  const top = meanLimit(lambda[0], options);
  if (samplingFactor(n, options.batchSize) === 0) return top;
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
