// How fast E‖δ‖² grows per step at given settings: the spectral radius ρ of the second-moment map.
import type { Gemm } from "../util/gemm";
import { lanczosMax } from "../util/linalg/lanczosMax";
import { noiseMap, type Factors } from "./secondMoment";
import { samplingFactor } from "./thresholds";

export interface GrowthOptions {
  readonly learningRate: number;
  readonly batchSize: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly gemm: Gemm;
  /** Restarts of the Lanczos process at most; fewer are quicker and less exact. */
  readonly restarts?: number;
}

export interface Growth {
  /** Factor of E‖δ‖² per step, along the directions kept. Directions with zero curvature neither grow nor shrink. */
  readonly rho: number;
  /** Error of ρ: the residual, or the difference between the halves of the geometric mean. */
  readonly error: number;
}

/** Growth of plain SGD or of momentum. @source theory.md, section 2. */
export const growth = (factors: Factors, options: GrowthOptions): Promise<Growth> =>
  options.momentum ? growthOfMomentum(factors, options) : growthOfSgd(factors, options);

/** ρ of Q(η) = I − 2ηC + η²D, symmetric in the Frobenius product: Lanczos from a positive definite start. */
async function growthOfSgd(
  factors: Factors,
  { learningRate: eta, batchSize, gemm, restarts = 12 }: GrowthOptions,
): Promise<Growth> {
  const { n, r, lambda } = factors;
  if (Number.isNaN(lambda[0])) return { rho: NaN, error: NaN };
  const p = samplingFactor(n, batchSize);
  const noise = noiseMap(factors, gemm);
  const start = new Float64Array(r * r);
  for (let a = 0; a < r; a++) start[a * r + a] = 1;
  const { value, residual } = await lanczosMax(
    async (Z) => {
      const N = p > 0 ? await noise(Z) : new Float64Array(r * r);
      for (let a = 0; a < r; a++)
        for (let b = 0; b < r; b++) {
          const i = a * r + b;
          N[i] =
            Z[i] * (1 - eta * (lambda[a] + lambda[b]) + eta * eta * (1 - p) * lambda[a] * lambda[b]) +
            eta * eta * p * N[i];
        }
      return N;
    },
    start,
    1e-9,
    restarts,
  );
  return { rho: value, error: residual };
}

/** Steps of the power method before, and in each half of, the geometric mean. */
const [burnIn, half] = [150, 75];

/**
 * ρ of the 2r-dimensional map S ↦ E[z′z′ᵀ], z = (θ, v), held as blocks P = E θθᵀ, Q = E θvᵀ, R = E vvᵀ. In the eigenbasis H is
 * diagonal, so all but the noise part is elementwise. P and R are symmetrised every step: rounding error in their antisymmetric
 * part is not damped. The trace ratio oscillates where leading eigenvalues are complex, hence the geometric mean.
 */
export async function growthOfMomentum(factors: Factors, options: GrowthOptions): Promise<Growth> {
  const { learningRate: eta, batchSize, momentum: beta = 0, nesterov = false, gemm } = options;
  const { n, r, lambda } = factors;
  if (Number.isNaN(lambda[0])) return { rho: NaN, error: NaN };
  const p = samplingFactor(n, batchSize);
  const noise = noiseMap(factors, gemm);
  const size = r * r;
  let [P, Q, R] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
  for (let a = 0; a < r; a++) {
    P[a * r + a] = 1;
    R[a * r + a] = eta * lambda[a];
  }
  const logs: number[] = [];
  let total = 0;
  for (let step = 0; step < burnIn + 2 * half; step++) {
    const P1 = new Float64Array(size);
    const Q1 = new Float64Array(size);
    for (let a = 0; a < r; a++)
      for (let b = 0; b < r; b++) {
        const [i, j] = [a * r + b, b * r + a];
        P1[i] = P[i] + beta * (Q[i] + Q[j]) + beta * beta * R[i];
        Q1[i] = beta * Q[i] + beta * beta * R[i];
      }
    const X = nesterov ? P1 : P;
    const N = p > 0 ? await noise(X) : null;
    const [P2, Q2, R2] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
    // E θ₁yᵀ and E v₁yᵀ with y the point the gradient is taken at.
    const thetaY = (i: number, j: number): number => (nesterov ? P1[i] : P[i] + beta * Q[j]);
    const velocityY = (j: number): number => (nesterov ? Q1[j] : beta * Q[j]);
    for (let a = 0; a < r; a++)
      for (let b = 0; b < r; b++) {
        const [i, j] = [a * r + b, b * r + a];
        const F = (1 - p) * lambda[a] * lambda[b] * X[i] + (N ? p * N[i] : 0);
        const noisePart = eta * eta * F;
        P2[i] = P1[i] - eta * (thetaY(i, j) * lambda[b] + thetaY(j, i) * lambda[a]) + noisePart;
        Q2[i] = Q1[i] - eta * (thetaY(i, j) * lambda[b] + velocityY(i) * lambda[a]) + noisePart;
        R2[i] = beta * beta * R[i] - eta * (velocityY(j) * lambda[b] + velocityY(i) * lambda[a]) + noisePart;
      }
    let trace = 0;
    for (let a = 0; a < r; a++) trace += P2[a * r + a] + R2[a * r + a];
    if (!(trace > 0) || !Number.isFinite(trace)) return { rho: Number.isNaN(trace) ? NaN : 0, error: 0 };
    for (let a = 0; a < r; a++)
      for (let b = 0; b <= a; b++) {
        const [i, j] = [a * r + b, b * r + a];
        P2[i] = P2[j] = (P2[i] + P2[j]) / (2 * trace);
        R2[i] = R2[j] = (R2[i] + R2[j]) / (2 * trace);
        Q2[i] /= trace;
        if (i !== j) Q2[j] /= trace;
      }
    [P, Q, R] = [P2, Q2, R2];
    total += Math.log(trace);
    if (step + 1 === burnIn || step + 1 === burnIn + half || step + 1 === burnIn + 2 * half) logs.push(total);
  }
  const [first, second] = [Math.exp((logs[1] - logs[0]) / half), Math.exp((logs[2] - logs[1]) / half)];
  return { rho: second, error: Math.abs(second - first) };
}

/** Steps in which the second moment grows e-fold, 1/ln ρ; null when it does not grow. */
export const escapeTime = (rho: number): number | null => (rho > 1 ? 1 / Math.log(rho) : null);

/** Smallest batch size with ρ ≤ 1 at this learning rate, by bisection (η* does not fall as B grows); null when none. */
export async function smallestStableBatch(
  factors: Factors,
  options: Omit<GrowthOptions, "batchSize">,
): Promise<number | null> {
  const stable = async (batchSize: number): Promise<boolean> =>
    (await growth(factors, { restarts: 4, ...options, batchSize })).rho <= 1 + 1e-9;
  if (!(await stable(factors.n))) return null;
  let [low, high] = [0, factors.n];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (await stable(middle)) high = middle;
    else low = middle;
  }
  return high;
}
