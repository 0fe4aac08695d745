// How widely a run swings around a minimum that its noise never lets it rest at: the stationary covariance of the mean-square dynamics.
import type { Gemm } from "../util/gemm";
import { axpy, dot, entrywise } from "../util/linalg/vector";
import { FactorProducts } from "./factorProducts";
import { response } from "./response";
import type { Factors } from "./secondMoment";
import { samplingFactor, type Dynamics } from "./thresholds";

export interface StationaryOptions extends Dynamics {
  readonly learningRate: number;
  readonly batchSize: number;
  readonly gemm: Gemm;
}

/** Noise of a step's gradient that is there at the minimum itself. */
export interface StepNoise {
  /**
   * What the minimum leaves of every example's output, in units in which gᵢ = Gᵢcᵢ: √M (f − y) where the loss has curvature M in the
   * outputs. [nK]; absent where every example is fitted.
   */
  readonly residual?: ArrayLike<number>;
  /** Variance of the fresh noise on each output in the same units: Mσ² of a target's deviation σ. Default 0. */
  readonly labelVariance?: number;
}

/** Relative residual at which the second moment counts as stationary, and iterations at most. */
const [tolerance, most] = [1e-10, 2000];

/**
 * R = p((1/n) Σ gᵢgᵢᵀ − ∇L∇Lᵀ) + (v/B) H, covariance of the gradient of a batch drawn anew, in the eigenbasis of H, [r, r].
 * @source theory.md, section 9.
 */
export function stepNoise(
  { n, K, r, lambda, A }: Factors,
  batchSize: number,
  { residual, labelVariance = 0 }: StepNoise,
): Float64Array {
  const R = new Float64Array(r * r);
  for (let a = 0; a < r; a++) R[a * r + a] = (labelVariance / batchSize) * lambda[a];
  const p = samplingFactor(n, batchSize);
  if (p === 0 || !residual) return R;
  const mean = new Float64Array(r);
  const add = (weight: number, g: Float64Array): void => {
    for (let a = 0; a < r; a++) for (let b = 0; b < r; b++) R[a * r + b] += weight * g[a] * g[b];
  };
  for (let i = 0; i < n; i++) {
    const g = new Float64Array(r);
    for (let k = i * K; k < (i + 1) * K; k++) axpy(residual[k], A.subarray(k * r, (k + 1) * r), g);
    axpy(1 / n, g, mean);
    add(p / n, g);
  }
  add(-p, mean);
  return R;
}

/**
 * C = E[δδᵀ] of SGD, heavy ball or Nesterov where it no longer changes, in the eigenbasis of H, δ where the gradient is taken; batches
 * are drawn independently.
 *
 *   C = η² g⁰ ∘ (R + (p/n) Σ HᵢCHᵢ − p HCH),   without the last two terms and momentum C_ab = ηR_ab/(λ_a + λ_b − ηλ_aλ_b)
 *
 * with g⁰ of `response`. What the batches make of C themselves is solved for by conjugate gradients on blocks [n, K, K], in which the
 * noise's loop is symmetric: its gain is below 1 exactly where the mean square is stable.
 *
 * @param noise  R [r, r].
 * @returns  [r, r]; null where the mean square grows, so that nothing is stationary. Each iteration costs two products of 2nKr² flops.
 * @source theory.md, sections 2 and 9.
 */
export async function stationaryCovariance(
  factors: Factors,
  noise: Float64Array,
  { batchSize, gemm, ...dynamics }: StationaryOptions,
): Promise<Float64Array | null> {
  const { n, lambda } = factors;
  const sampling = samplingFactor(n, batchSize);
  // A full batch is the limit of little sampling noise: the weights are proportional to p, and R is divided by it.
  const p = sampling || 1e-100;
  const products = new FactorProducts(factors, gemm);
  const weights = response(lambda, n, { ...dynamics, p });
  const once = new Float64Array(products.half);
  const twice = new Float64Array(products.half);
  products.fill((piece, out, at) => weights({ ...piece, times: 1 }, out, at), once);
  products.fill(weights, twice);
  if (!once.every((w) => w > 0 && w < Infinity)) return null;
  const source = products.halfOf(noise.map((value) => (value * n) / p));
  const weighed = new Float64Array(products.half);
  const pull = (half: Float64Array): Promise<Float64Array> => {
    entrywise(half, twice, weighed);
    return products.pull(weighed);
  };
  const total = source.slice();
  if (sampling > 0) {
    const blocks = await solve(async (x) => pull(await products.push(x)), await pull(source));
    if (blocks === null) return null;
    axpy(1, await products.push(blocks), total);
  }
  entrywise(total, once, weighed);
  return products.matrixOf(weighed);
}

/** x = Tx + b with a symmetric T ⪰ 0, by conjugate gradients; null where T's largest eigenvalue is not below 1. */
async function solve(
  T: (x: Float64Array) => Promise<Float64Array>,
  b: Float64Array,
): Promise<Float64Array | null> {
  const x = new Float64Array(b.length);
  const residual = b.slice();
  const direction = b.slice();
  let square = dot(b, b);
  const enough = tolerance ** 2 * square;
  for (let i = 0; square > enough; i++) {
    const image = direction.slice();
    axpy(-1, await T(direction), image);
    const curvature = dot(direction, image);
    if (!(curvature > 0) || i >= most) return null;
    const step = square / curvature;
    axpy(step, direction, x);
    axpy(-step, image, residual);
    const next = dot(residual, residual);
    for (let j = 0; j < direction.length; j++) direction[j] = residual[j] + (next / square) * direction[j];
    square = next;
  }
  return x;
}
