// Gradient noise: how much the examples' gradients differ, how that aligns with the curvature, and the sharpness a batch sees.
import { squaredGradientNorms, weightedGradient } from "../curvature/gradients";
import { meanOf, type Estimate } from "../curvature/trace";
import { dot } from "../util/linalg/vector";
import type { Rng } from "../util/rng";
import type { Probe, ProbeContext } from "./probe";

/** Up to this many examples every gradient is multiplied by the Hessian and the alignment is exact. */
const exactExamples = 256;
/** Up to this many batches there are, all are visited. */
const exactBatches = 512;
/** Random combinations of gradients, or batches, else. */
const drawn = 32;

/**
 * tr Cov(∇Lᵢ) = (1/n) Σ ‖∇Lᵢ‖² − ‖∇L‖² and the simple noise scale tr Cov / ‖∇L‖². Two passes over the examples.
 * @source McCandlish et al., "An empirical model of large-batch training", 2018, §2.2.
 */
export async function gradientCovariance({
  curvature,
  n,
}: ProbeContext): Promise<{ trace: number; scale: number; gradient: Float32Array }> {
  const squares = await squaredGradientNorms(curvature);
  const gradient = await weightedGradient(curvature, new Float32Array(n).fill(1 / n));
  const own = dot(gradient, gradient);
  const trace = squares.reduce((a, b) => a + b, 0) / n - own;
  return { trace, scale: trace / own, gradient };
}

/**
 * tr(ΣgH) with Σg = (1/n) Σ gᵢgᵢᵀ − ∇L∇Lᵀ: exact with a product per example up to 256 examples, else from random signs ε,
 * z = n^{-1/2} Σ εᵢgᵢ, E zᵀHz = (1/n) Σ gᵢᵀHgᵢ.
 */
export async function noiseCurvature(
  { curvature, n }: ProbeContext,
  gradient: Float32Array,
  rng: Rng,
): Promise<Estimate> {
  const hessian = curvature.hessian();
  const product = new Float32Array(curvature.size);
  const quadratic = async (z: Float32Array): Promise<number> => {
    await hessian.apply(z, product);
    return dot(z, product);
  };
  const exact = n <= exactExamples;
  const weights = new Float32Array(n);
  const samples: number[] = [];
  for (let i = 0; i < (exact ? n : drawn); i++) {
    if (exact) weights.fill(0)[i] = 1;
    else for (let j = 0; j < n; j++) weights[j] = (rng.uint32() & 1 ? 1 : -1) / Math.sqrt(n);
    samples.push(await quadratic(await weightedGradient(curvature, weights)));
  }
  const { value, error } = meanOf(samples);
  return { value: value - (await quadratic(gradient)), error: exact ? 0 : error };
}

/**
 * E[gᵀH_B g / ‖g‖²] with g and H_B of the same mini-batch, over all batches where there are few, else over some drawn.
 * @source Andreyev & Beneventano, "Edge of stochastic stability", 2024. Costs a gradient and a product of B examples each.
 */
export async function batchSharpness(context: ProbeContext, rng: Rng): Promise<Estimate> {
  const { n, batchSize: B, onBatch } = context;
  const every = binomial(n, B) <= exactBatches;
  const batches = every ? subsets(n, B) : Array.from({ length: drawn }, () => rng.permutation(n).slice(0, B));
  const samples: number[] = [];
  for (const batch of batches) {
    const curvature = await onBatch(batch);
    const { gradient } = await curvature.evaluate();
    const product = new Float32Array(curvature.size);
    await curvature.hessian().apply(gradient, product);
    samples.push(dot(gradient, product) / dot(gradient, gradient));
  }
  const { value, error } = meanOf(samples);
  return { value, error: every ? 0 : error };
}

function binomial(n: number, k: number): number {
  let value = 1;
  for (let i = 1; i <= Math.min(k, n - k); i++) value = (value * (n - i + 1)) / i;
  return Math.round(value);
}

/** All subsets of size k of {0 … n−1}. */
function subsets(n: number, k: number): Uint32Array[] {
  const all: Uint32Array[] = [];
  const pick = (from: number, chosen: readonly number[]): void => {
    if (chosen.length === k) {
      all.push(Uint32Array.from(chosen));
      return;
    }
    for (let i = from; i <= n - (k - chosen.length); i++) pick(i + 1, [...chosen, i]);
  };
  pick(0, []);
  return all;
}

export const gradientNoise: Probe = {
  id: "gradientNoise",
  label: "Gradient noise",
  every: (experiment) => experiment.probes.gradientNoise?.every,
  cost: "two passes over the examples, and 32 batches with a product each",
  start: (_experiment, _size, rng) => ({
    async measure(context) {
      const { trace, scale } = await gradientCovariance(context);
      const batch = await batchSharpness(context, rng);
      return {
        "noise.trace": trace,
        "noise.scale": scale,
        "noise.batchSharpness": batch.value,
        "noise.batchSharpness.error": batch.error,
      };
    },
    memory: [],
    recall: () => undefined,
  }),
};
