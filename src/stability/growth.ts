// How fast E‖δ‖² grows per step at given settings: the spectral radius ρ of the second-moment map.
import type { Gemm } from "../util/gemm";
import { lanczosMax } from "../util/linalg/lanczosMax";
import { batchMoment, type Factors } from "./secondMoment";
import { samplingFactor, type Dynamics } from "./thresholds";

export interface GrowthOptions extends Dynamics {
  readonly learningRate: number;
  readonly batchSize: number;
  readonly gemm: Gemm;
  /** Restarts of the Lanczos process at most; fewer are quicker and less exact. */
  readonly restarts?: number;
}

export interface Growth {
  /** Factor of E‖δ‖² per step, along the directions kept. Directions with zero curvature neither grow nor shrink. */
  readonly rho: number;
  /** Error of ρ: the estimate from its residual, or the difference between the halves of the geometric mean. */
  readonly error: number;
}

/** Growth of plain SGD or of momentum. @source theory.md, section 2. */
export const growth = (factors: Factors, options: GrowthOptions): Promise<Growth> =>
  options.momentum ? growthOfMomentum(factors, options) : growthOfSgd(factors, options);

/** Without momentum both kinds of weight decay shift the spectrum: γη(H + c) + ηw = γη(H + c + w/γ). */
export const shiftWithoutMomentum = ({ weightDecay = 0, decoupledDecay = 0, gain = 1 }: Dynamics): number =>
  weightDecay + decoupledDecay / gain;

/** ρ of Q(η) = I − 2ηC + η²D, symmetric in the Frobenius product: Lanczos from a positive definite start. */
async function growthOfSgd(factors: Factors, options: GrowthOptions): Promise<Growth> {
  const { learningRate, batchSize, gemm, restarts = 12, gain = 1 } = options;
  const { n, r, lambda } = factors;
  if (Number.isNaN(lambda[0])) return { rho: NaN, error: NaN };
  const eta = gain * learningRate;
  const shift = shiftWithoutMomentum(options);
  const moment = batchMoment(factors, gemm, samplingFactor(n, batchSize), shift);
  const start = new Float64Array(r * r);
  for (let a = 0; a < r; a++) start[a * r + a] = 1;
  const { value, error } = await lanczosMax(
    async (Z) => {
      const F = await moment(Z);
      for (let a = 0; a < r; a++)
        for (let b = 0; b < r; b++) {
          const i = a * r + b;
          F[i] = Z[i] * (1 - eta * (lambda[a] + lambda[b] + 2 * shift)) + eta * eta * F[i];
        }
      return F;
    },
    start,
    1e-9,
    restarts,
  );
  return { rho: value, error };
}

/** Steps of the power method before, and in each half of, the geometric mean. */
const [burnIn, half] = [150, 75];

/**
 * ρ of the 2r-dimensional map S ↦ E[z′z′ᵀ], z = (θ, v), held as blocks P = E θθᵀ, Q = E θvᵀ, R = E vvᵀ. In the eigenbasis H is
 * diagonal, so all but the noise part is elementwise. P and R are symmetrised every step: rounding error in their antisymmetric
 * part is not damped. The trace ratio oscillates where leading eigenvalues are complex, hence the geometric mean.
 *
 * With x = dθ + βv (where the step starts, d = 1 − ηw) and y = θ + κv (where the gradient is taken, κ = β for Nesterov, else 0):
 * θ′ = x − γη H_B y, v′ = βv − γη H_B y.
 */
export async function growthOfMomentum(factors: Factors, options: GrowthOptions): Promise<Growth> {
  const { learningRate, batchSize, momentum: beta = 0, nesterov = false, gemm } = options;
  const { gain = 1, weightDecay = 0, decoupledDecay = 0 } = options;
  const { n, r } = factors;
  if (Number.isNaN(factors.lambda[0])) return { rho: NaN, error: NaN };
  const eta = gain * learningRate;
  const d = 1 - learningRate * decoupledDecay;
  const kappa = nesterov ? beta : 0;
  const h = factors.lambda.map((value) => eta * (value + weightDecay));
  const moment = batchMoment(factors, gemm, samplingFactor(n, batchSize), weightDecay);
  const size = r * r;
  let [P, Q, R] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
  for (let a = 0; a < r; a++) {
    P[a * r + a] = 1;
    R[a * r + a] = h[a];
  }
  const logs: number[] = [];
  let total = 0;
  for (let step = 0; step < burnIn + 2 * half; step++) {
    // E yyᵀ.
    const Y = P.slice();
    if (kappa > 0)
      for (let a = 0; a < r; a++)
        for (let b = 0; b < r; b++) {
          const [i, j] = [a * r + b, b * r + a];
          Y[i] += kappa * (Q[i] + Q[j] + kappa * R[i]);
        }
    const F = await moment(Y);
    const [P2, Q2, R2] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
    // E x yᵀ at (a, b), given its index and the transposed one, and E (βv) yᵀ.
    const xy = (i: number, j: number): number =>
      d * P[i] + d * kappa * Q[i] + beta * Q[j] + beta * kappa * R[i];
    const vy = (i: number, j: number): number => beta * (Q[j] + kappa * R[i]);
    for (let a = 0; a < r; a++)
      for (let b = 0; b < r; b++) {
        const [i, j] = [a * r + b, b * r + a];
        const noisePart = eta * eta * F[i];
        const [xyAB, xyBA, vyAB, vyBA] = [xy(i, j), xy(j, i), vy(i, j), vy(j, i)];
        P2[i] =
          d * d * P[i] +
          d * beta * (Q[i] + Q[j]) +
          beta * beta * R[i] -
          (xyAB * h[b] + xyBA * h[a]) +
          noisePart;
        Q2[i] = beta * (d * Q[i] + beta * R[i]) - (xyAB * h[b] + vyBA * h[a]) + noisePart;
        R2[i] = beta * beta * R[i] - (vyAB * h[b] + vyBA * h[a]) + noisePart;
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
