// Gradient noise: how much the examples' gradients differ, how that aligns with the curvature, and the sharpness a batch sees.
import { meanOf, type Estimate } from "../../curvature/trace";
import { samplingFactor } from "../../stability/thresholds";
import { dot } from "../../util/linalg/vector";
import type { Rng } from "../../util/rng";
import type { Point } from "../point";
import { exact, Readings, type Probe, type Task } from "../probe";
import { isSample, meanError, populationOf } from "../sampling";

/** Up to this many examples every gradient is multiplied by the Hessian and the alignment is exact. */
const exactExamples = 256;
/** Up to this many batches there are, all are visited. */
const exactBatches = 512;
/** Relative float32 rounding of the squared norms that the covariance is a difference of. */
const covarianceRounding = 2 ** -21;
/** Random combinations of gradients, or batches, else. */
const drawn = 32;

/**
 * tr Cov(∇Lᵢ) = (1/n) Σ ‖∇Lᵢ‖² − ‖∇L‖² and the simple noise scale tr Cov / ‖∇L‖². Two passes over the examples.
 * @source McCandlish et al., "An empirical model of large-batch training", 2018, §2.2.
 */
async function gradientCovariance(
  point: Point,
): Promise<{ trace: number; scale: number; gradient: Float32Array; sampling: number }> {
  const { perExample, examples: n } = point;
  const squares = await perExample!.squaredGradientNorms();
  // Of a sample the first term alone is estimated: the gradient is that of all examples.
  const gradient = isSample(point)
    ? (await point.evaluate()).gradient
    : await perExample!.weightedGradient(new Float32Array(n).fill(1 / n));
  const own = dot(gradient, gradient);
  const mean = squares.reduce((a, b) => a + b, 0) / n;
  // A difference below the rounding of its terms is none: identical gradients have no covariance.
  const trace = mean - own > covarianceRounding * mean ? mean - own : 0;
  return { trace, scale: trace / own, gradient, sampling: meanError(point, squares) };
}

/**
 * tr(ΣgH) with Σg = (1/n) Σ gᵢgᵢᵀ − ∇L∇Lᵀ: exact with a product per example up to 256 examples, else from random signs ε,
 * z = n^{-1/2} Σ εᵢgᵢ, E zᵀHz = (1/n) Σ gᵢᵀHgᵢ. `along` is ∇LᵀH∇L.
 */
async function noiseCurvature(point: Point, along: number, rng: Rng): Promise<Estimate> {
  const { perExample, examples: n } = point;
  const hessian = point.hessian();
  const product = new Float32Array(point.size);
  const quadratic = async (z: Float32Array): Promise<number> => {
    await hessian.apply(z, product);
    return dot(z, product);
  };
  const all = n <= exactExamples;
  const weights = new Float32Array(n);
  const samples: number[] = [];
  for (let i = 0; i < (all ? n : drawn); i++) {
    if (all) weights.fill(0)[i] = 1;
    else for (let j = 0; j < n; j++) weights[j] = (rng.uint32() & 1 ? 1 : -1) / Math.sqrt(n);
    samples.push(await quadratic(await perExample!.weightedGradient(weights)));
  }
  const { value, error } = meanOf(samples);
  return { value: value - along, error: all ? 0 : error };
}

/**
 * E[gᵀH_B g / ‖g‖²] with g and H_B of the same mini-batch, over all batches where there are few, else over some drawn.
 * @source Andreyev & Beneventano, "Edge of stochastic stability", 2024. Costs a gradient and a product of B examples each.
 */
async function batchSharpness(point: Point, rng: Rng): Promise<Estimate> {
  const { batchSize: B, size, onBatch } = point;
  const n = populationOf(point);
  const every = binomial(n, B) <= exactBatches;
  const batches = every ? subsets(n, B) : Array.from({ length: drawn }, () => rng.permutation(n).slice(0, B));
  const samples: number[] = [];
  for (const batch of batches) {
    const curvature = await onBatch!(batch);
    const { gradient } = await curvature.evaluate();
    const product = new Float32Array(size);
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

/** What curvature makes of the noise, from tr(ΣgH): the alignment, the noise scale with curvature, and how far one step may go. */
async function addCurved(task: Task, gradient: Float32Array, read: Readings): Promise<void> {
  const { point, memory } = task;
  const own = new Float32Array(point.size);
  await point.hessian().apply(gradient, own);
  const along = dot(gradient, own);
  const noise = await noiseCurvature(point, along, memory.rng);
  read.lap();
  await addAlignment(task, noise, read);
  const how = noise.error === 0 ? "exact" : "estimate";
  const method =
    "the Hessian along the gradient and along those of the examples, or random combinations of them";
  read.add("noise.curvatureScale", noise.value / along, {
    how,
    method,
    error: noise.error / Math.abs(along),
  });
  const { momentum = 0, preconditioner, weightDecay = 0, decoupledDecay = 0 } = point.descent;
  // One step of these goes elsewhere than against the gradient.
  if (momentum !== 0 || preconditioner !== null || weightDecay !== 0 || decoupledDecay !== 0) return;
  const p = samplingFactor(populationOf(point), point.batchSize);
  const bend = along + p * noise.value;
  const limit = bend > 0 ? (2 * dot(gradient, gradient)) / bend : Infinity;
  read.add("stability.descentLimit", limit, {
    how,
    method,
    error: bend > 0 ? (limit * p * noise.error) / bend : 0,
  });
}

/** μ = tr(ΣgH) / (2 L ‖H‖_F²); only where ‖H‖_F was read, and for square losses, for which alone it is defined. */
async function addAlignment({ point, known }: Task, noise: Estimate, read: Readings): Promise<void> {
  const frobenius = known.get("frobenius");
  if (typeof frobenius?.value !== "number" || point.loss === "cross-entropy") return;
  const { loss } = await point.evaluate();
  const value = noise.value / (2 * loss * frobenius.value ** 2);
  const norm = (2 * Number(frobenius.error ?? 0)) / frobenius.value;
  const error = Math.abs(value) * Math.hypot(noise.error / noise.value, norm);
  const method = "gradients of the examples, or random combinations of them, and ‖H‖_F";
  read.add("noise.alignment", value, { how: "estimate", method, error });
}

export const gradientNoise: Probe = {
  id: "gradientNoise",
  label: "Gradient noise",
  cost: "two passes over the examples, and 32 batches with a product each; in `measure` up to 256 products more",
  spec: {
    markdownDescription:
      "Trace of the gradient covariance, simple noise scale tr Cov/‖∇L‖², and batch sharpness E[gᵀH_B g/‖g‖²].",
    properties: { every: { $ref: "#/definitions/every", default: 100 } },
  },
  needs: ["perExample", "onBatch"],
  metrics: [],
  async measure(task) {
    const { point, effort, memory } = task;
    const read = new Readings(point);
    const { trace, scale, gradient, sampling } = await gradientCovariance(point);
    read.lap();
    const way = exact("two passes over all examples");
    read.add("noise.trace", trace, { ...way, sampling });
    // The gradient's own length is that of all examples.
    read.add("noise.scale", scale, { ...way, sampling: sampling / dot(gradient, gradient) });
    const batch = await batchSharpness(point, memory.rng);
    read.lap();
    read.add("noise.batchSharpness", batch.value, {
      how: batch.error === 0 ? "exact" : "estimate",
      method: batch.error === 0 ? "every batch there is" : `${drawn} random batches`,
      error: batch.error,
      ofAll: true,
    });
    if (effort === "closing") await addCurved(task, gradient, read);
    return { readings: read.list };
  },
};
