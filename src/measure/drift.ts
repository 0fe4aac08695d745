// Where the noise of training carries a run along the manifold of minima: predicted at the minimum beside it, and measured over a window.
import { stationaryCovariance, stepNoise } from "../stability/stationary";
import { samplingFactor } from "../stability/thresholds";
import { axpy, dot, norm, scale } from "../util/linalg/vector";
import { symmetricEigen } from "../util/linalg/symmetricEigen";
import type { ProbeMemory } from "./memory";
import { minimumBeside, type Minimum } from "./minimumBeside";
import { stateless, type Point } from "./point";
import type { Readings, Task } from "./probe";

/** Rows nK of the factors at most: every one of them costs two products. */
const mostRows = 512;
/** Share of the noise that may be left out where it is not known. */
const negligible = 0.01;
/** Readings a measured drift is the mean of. */
const windowLength = 8;

/** What is predicted at the minimum beside a point. */
export interface Drift {
  /** Parameters of the minimum, [P], and the projection on the directions flat there. */
  readonly theta: Float32Array;
  readonly flat: (x: Float32Array) => Promise<Float32Array>;
  /** Δθ_flat per step, [P]. */
  readonly step: Float32Array;
  /** What it does per step to λmax and to the trace of H; null where nothing is carried along, and with a preconditioner, whose eigenvectors are none of H. */
  readonly effect: { readonly sharpness: number; readonly trace: number } | null;
  readonly method: string;
}

/** Why nothing can be predicted here, or null. */
function refusal({ examples, outputs, descent, residuals, tied }: Point): string | null {
  if (!residuals)
    return "only for square losses: others have no minimum at finite parameters where every example is fitted";
  if (stateless(descent)) return "the optimizer's state, which makes its preconditioner, is not there";
  if (descent.preconditioner !== null && (descent.weightDecay || descent.decoupledDecay))
    return "not for preconditioned optimizers with weight decay";
  if (descent.radius !== undefined) return "not for SAM";
  if (tied) return "not with batch normalization, whose statistics tie the examples together";
  return examples * outputs > mostRows
    ? `${examples * outputs} rows of the factors are more than ${mostRows}`
    : null;
}

/**
 * Predicts the drift along the manifold of minima,
 *
 *   Δθ_flat per step = −(γη/(1−β)) P_flat (½ ∇⟨H, C⟩ + wθ),
 *
 * C the stationary covariance at the minimum beside the point from its residuals and from label noise, w the weight decay in the
 * gradient, P_flat the complement of the eigenvectors with λ > 10⁻⁶ λ₁. RMSProp and Adam (γ = 1 − β₁) do this in the coordinates P^{1/2}θ,
 * their preconditioner P held as it stands.
 *
 * @returns  in words why there is none, where there is none. Costs a Gram matrix for each Newton step (with a preconditioner nK products),
 *   and two products a direction.
 * @source Ma, Kunin, Wu & Ying 2022; Li, Wang & Arora 2022; theory.md, section 9.
 */
export async function predictDrift(point: Point): Promise<Drift | string> {
  const { descent, batchSize, examples, sampling, labelNoise = 0, gemm } = point;
  const why = refusal(point);
  if (why !== null) return why;
  const minimum = await minimumBeside(point);
  if (minimum === null) return "no minimum within reach of the parameters as they stand";
  const { span } = minimum;
  const { factors } = span;
  const noise = noiseAt(minimum, { batchSize, sampling, labelNoise });
  if (noise === null)
    return 'residuals are left at the minimum, whose noise nearly cancels over an epoch; it is known with "sampling": "independent"';
  const C = await stationaryCovariance(factors, noise, { ...descent, batchSize, gemm });
  if (C === null) return "in the mean square the learning rate is above the limit: nothing is stationary";
  const { force, effect } = await pushOf(minimum, C);
  const { theta } = minimum.point;
  axpy(descent.weightDecay ?? 0, theta, force);
  const step = await span.flatDescent(force);
  const { momentum = 0, gain = 1, learningRate, preconditioner } = descent;
  scale((-gain * learningRate) / (1 - momentum), step);
  const sources = [
    ...(labelNoise > 0 ? ["label noise"] : []),
    ...(minimum.residual && samplingFactor(examples, batchSize) > 0 ? ["residuals"] : []),
    ...(descent.weightDecay ? ["weight decay"] : []),
  ];
  const method =
    sources.length === 0
      ? "every example is fitted and no noise is added to its label: nothing drifts"
      : `from ${sources.join(", ")} at the minimum beside θ; flat: λ ≤ 10⁻⁶ λ₁`;
  return {
    theta,
    flat: (x) => span.flat(x),
    step,
    effect:
      preconditioner === null && effect
        ? { sharpness: dot(effect.sharpness, step), trace: dot(effect.trace, step) }
        : null,
    method: sampling === "epochs" && batchSize < examples ? `${method}; batches as if drawn anew` : method,
  };
}

/** R at a minimum; null where epochs draw from residuals that count. */
function noiseAt(
  { span: { factors }, residual, curvature }: Minimum,
  {
    batchSize,
    sampling,
    labelNoise,
  }: Pick<Point, "batchSize" | "sampling"> & { readonly labelNoise: number },
): Float64Array | null {
  const labelVariance = curvature * labelNoise ** 2;
  const fresh = stepNoise(factors, batchSize, { labelVariance });
  if (residual === null) return fresh;
  const all = stepNoise(factors, batchSize, { labelVariance, residual });
  if (sampling === "independent") return all;
  const trace = (R: Float64Array): number =>
    factors.lambda.reduce((sum, _, a) => sum + R[a * (factors.r + 1)], 0);
  return trace(all) - trace(fresh) <= negligible * trace(fresh) ? fresh : null;
}

/** ½ ∇⟨H, C⟩ = ½ Σ c_k ∇(v_kᵀHv_k) over C's eigenpairs; with it the gradients of λmax and of the trace, for the v_k span all of H. */
async function pushOf({ point, span }: Minimum, C: Float64Array) {
  const { r } = span.factors;
  const force = new Float32Array(point.size);
  const { values, vectors } = symmetricEigen(C, r);
  if (!(values[0] > 0)) return { force, effect: null };
  const trace = new Float32Array(point.size);
  for (let k = 0; k < r; k++) {
    const v = await span.vector(vectors.subarray(k * r, (k + 1) * r));
    const slope = await point.curvatureGradient!(v);
    axpy(values[k] / 2, slope, force);
    axpy(1, slope, trace);
  }
  const top = await span.vector(Float64Array.from({ length: r }, (_, a) => (a === 0 ? 1 : 0)));
  return { force, effect: { sharpness: await point.curvatureGradient!(top), trace } };
}

/** Readings so far towards a measured drift: the minima beside the first and the last of them [P], and Σ of predicted steps [P]. */
interface Window {
  readonly start: Float32Array;
  readonly last: Float32Array;
  readonly predicted: Float32Array;
  readonly count: number;
  /** Σ ‖·‖² of the displacements from reading to reading. */
  readonly squares: number;
}

const fresh = (theta: Float32Array): Window => ({
  start: theta,
  last: theta,
  predicted: new Float32Array(theta.length),
  count: 0,
  squares: 0,
});

/** What is remembered; null where nothing is, or something of another network's. */
function windowOf(memory: ProbeMemory, size: number): Window | null {
  const [start, last, predicted] = ["start", "last", "predicted"].map((name) => memory.get(`drift.${name}`));
  const [count = -1, squares = 0] = memory.get("drift.counts") ?? [];
  if (!start || !last || !predicted || count < 0) return null;
  if ([start, last, predicted].some(({ length }) => length !== size)) return null;
  return { start, last, predicted, count, squares };
}

function keep(memory: ProbeMemory, { count, squares, ...vectors }: Window): void {
  for (const [name, vector] of Object.entries(vectors)) memory.set(`drift.${name}`, vector);
  memory.set("drift.counts", Float32Array.of(count, squares));
}

const difference = (to: Float32Array, from: Float32Array): Float32Array => to.map((x, i) => x - from[i]);

/** Goes on measuring. @param every  Steps between readings. */
async function addMeasured(drift: Drift, every: number, memory: ProbeMemory, read: Readings): Promise<void> {
  const { theta, flat, step } = drift;
  const before = windowOf(memory, theta.length);
  if (before === null) {
    keep(memory, fresh(theta));
    return;
  }
  const moved = await flat(difference(theta, before.last));
  const predicted = before.predicted.slice();
  axpy(1, step, predicted);
  const count = before.count + 1;
  const squares = before.squares + dot(moved, moved);
  if (count < windowLength) {
    keep(memory, { start: before.start, last: theta, predicted, count, squares });
    return;
  }
  keep(memory, fresh(theta));
  const total = await flat(difference(theta, before.start));
  const variance = Math.max(0, squares - dot(total, total) / count) / (count * (count - 1));
  read.lap();
  const way = {
    how: "estimate",
    method: `mean over ${count * every} steps of how the minimum beside θ moved`,
  } as const;
  read.add("manifold.driftMeasured", norm(total) / (count * every), {
    ...way,
    error: Math.sqrt(variance) / every,
  });
  const lengths = norm(total) * norm(predicted);
  if (lengths > 0) read.add("manifold.driftCosine", dot(total, predicted) / lengths, way);
}

/**
 * Adds the readings of the drift: predicted now, and once in eight readings the mean over them as the minima beside them moved.
 *
 * @returns  why it was left out, where there is no prediction.
 */
export async function addDrift({ point, probes, memory }: Task, read: Readings): Promise<string | null> {
  const drift = await predictDrift(point);
  read.lap();
  if (typeof drift === "string") {
    memory.set("drift.counts", Float32Array.of(-1, 0));
    return `the drift: ${drift}`;
  }
  const { method, effect } = drift;
  read.add("manifold.drift", norm(drift.step), { how: "estimate", method });
  if (effect) {
    read.add("manifold.driftSharpness", effect.sharpness, { how: "estimate", method });
    read.add("manifold.driftTrace", effect.trace, { how: "estimate", method });
  }
  await addMeasured(drift, probes.manifold?.every ?? 1, memory, read);
  return null;
}
