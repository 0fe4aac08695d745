// The curvature where training begins, at the price of a few hundred batches at most: what a first guess of a learning rate rests on.
import type { CurvaturePoint } from "../curvature/curvaturePoint";
import { plainMeter } from "../curvature/meter";
import { EigenTracker } from "../curvature/tracker";
import { optimizerOf } from "../optimizers";
import { meanLimit, samplingFactor } from "../stability/thresholds";
import type { Problem } from "../trainers/basin/problem";
import { axpy, dot } from "../util/linalg/vector";
import { BatchSampler } from "../util/batchSampler";
import { Rng } from "../util/rng";

/** Batches that stand for all of them. */
const drawn = 8;
/** Error of the sharpness that is good enough for a guess, relative; and the products that it takes at most. */
const [tolerance, mostProducts] = [0.05, 12];
/** A Hessian product costs about two gradients of as many examples. */
const productCost = 2;

export interface StartCurvature {
  /** λmax(H) on `examples` of the training examples. */
  readonly sharpness: number;
  readonly sharpnessError: number;
  readonly examples: number;
  /** Largest rate below the full-batch threshold at this sharpness; null for a preconditioned optimizer, whose P is not there yet. */
  readonly meanLimit: number | null;
  /** Rate beyond which the first step raises the expected loss; its standard error over the batches. */
  readonly descentLimit: number;
  readonly descentLimitError: number;
  /** The same limit if every step saw all examples. */
  readonly descentLimitFull: number;
  /** tr Cov(∇Lᵢ)/‖∇L‖², in examples; null with full batches, which do not tell. */
  readonly noiseScale: number | null;
  /** In gradients of one batch. */
  readonly cost: number;
}

/**
 * What the optimizer's first update does: with θ ← θ − ηu, u its own direction on a batch, the expected loss falls iff
 *
 *   η < 2 E[∇Lᵀu] / E[uᵀHu].
 *
 * For SGD u is the batch's gradient and this is 2‖∇L‖²/(gᵀHg + p tr(HΣ)); for Adam and RMSProp u is close to the sign of it.
 * H on a batch of its own stands for H: unbiased, for the two batches are independent. Weight decay counts as part of u.
 * @param most  What it may cost, in gradients of one batch; the sharpness is then of some of the examples.
 * @source theory.md, section 11; McCandlish et al. 2018, §2.2.
 */
export async function startCurvature(
  problem: Problem,
  theta: Float32Array,
  most: number,
): Promise<StartCurvature> {
  const { n, batchSize: B, d, experiment } = problem;
  const full = B === n;
  let cost = 0;
  const meter = plainMeter();
  const onSome = problem.batchCurvature(B, meter);
  const all = Uint32Array.from({ length: n }, (_, i) => i);
  const rng = new Rng(experiment.seed, "suggest");
  // All examples may be more than fit: those are processed in chunks.
  const whole = full ? problem.curvature(meter, { ofAll: true }) : null;
  const onBatch = (at: Float32Array, indices: Uint32Array): CurvaturePoint =>
    whole ? whole.at(at) : onSome(at, indices);
  const draw = (size: number): Uint32Array => (size === n ? all : rng.permutation(n).slice(0, size));
  // The mean of as many gradients as there are batches in an epoch, at most.
  const parts = full ? 1 : Math.min(Math.floor(n / B), Math.max(drawn, Math.floor(most / 4)));
  const sampler = new BatchSampler({ n, size: B, sampling: "epochs", seed: experiment.seed });
  const gradient = new Float32Array(d);
  const directions: Float32Array[] = [];
  let squares = 0;
  for (let i = 0; i < parts; i++) {
    const g = (await onBatch(theta, full ? all : sampler.next()).evaluate()).gradient;
    cost += 1;
    squares += dot(g, g) / parts;
    axpy(1 / parts, g, gradient);
    if (directions.length < drawn) directions.push(firstUpdate(problem, theta, g));
  }
  // E‖g_B‖² = ‖∇L‖² + p tr Cov, and so for the mean of all batches, whose p is that of as many examples.
  const [p, rest] = [samplingFactor(n, B), samplingFactor(n, parts * B)];
  const noisy = dot(gradient, gradient);
  const covariance = p > rest ? Math.max(0, (squares - noisy) / (p - rest)) : 0;
  const slope = noisy - rest * covariance;
  const ratios: { readonly along: number; readonly bend: number }[] = [];
  const product = new Float32Array(d);
  for (const u of directions) {
    await onBatch(theta, draw(B)).hessian().apply(u, product);
    cost += productCost;
    ratios.push({ along: dot(gradient, u), bend: dot(u, product) });
  }
  const mean = (pick: (one: (typeof ratios)[number]) => number): number =>
    ratios.reduce((sum, one) => sum + pick(one), 0) / ratios.length;
  const [along, bend] = [mean((one) => one.along), mean((one) => one.bend)];
  const limit = bend > 0 ? (2 * along) / bend : Infinity;
  const spread = Math.sqrt(
    mean((one) => (2 * one.along - limit * one.bend) ** 2) / Math.max(1, ratios.length - 1),
  );
  const own = firstUpdate(problem, theta, gradient);
  await onBatch(theta, draw(B)).hessian().apply(own, product);
  cost += productCost;
  const bendFull = dot(own, product);
  const paid = Math.floor(((most - cost) * B) / (productCost * mostProducts));
  const sharp = await sharpnessOf(problem, theta, Math.min(n, Math.max(B, paid)));
  const dynamics = optimizerOf(experiment.optimizer).dynamics(experiment.optimizer);
  const preconditioned = optimizerOf(experiment.optimizer).preconditioner !== undefined;
  return {
    ...sharp,
    meanLimit: preconditioned || dynamics.radius !== undefined ? null : meanLimit(sharp.sharpness, dynamics),
    descentLimit: limit,
    descentLimitError: bend > 0 ? spread / bend : 0,
    descentLimitFull: bendFull > 0 ? (2 * dot(gradient, own)) / bendFull : Infinity,
    noiseScale: p === rest || slope <= 0 ? null : covariance / slope,
    cost: cost + sharp.cost,
  };
}

/** u of θ ← θ − ηu for the optimizer's first update, [d]. */
function firstUpdate(problem: Problem, theta: Float32Array, gradient: Float32Array): Float32Array {
  const spec = problem.experiment.optimizer;
  const optimizer = optimizerOf(spec);
  const moved = theta.slice();
  const state = optimizer.slots(spec).map(() => new Float32Array(theta.length));
  optimizer.update(spec, { learningRate: 1, theta: moved, gradient: gradient.slice(), state, count: 0 });
  return moved.map((x, i) => theta[i] - x);
}

/** λmax(H) on the first `examples` of the training examples in an order of its own. Costs 24 gradients of as many examples at most. */
export async function sharpnessOf(
  problem: Problem,
  theta: Float32Array,
  examples: number,
): Promise<Pick<StartCurvature, "sharpness" | "sharpnessError" | "examples" | "cost">> {
  const { n, batchSize: B, d, experiment } = problem;
  const meter = plainMeter();
  const rng = new Rng(experiment.seed, "suggest.sharpness");
  const order = rng.permutation(n).slice(0, examples);
  const curvature =
    examples === n
      ? problem.curvature(meter, { ofAll: true }).at(theta)
      : problem.batchCurvature(examples, meter)(theta, order);
  const tracker = new EigenTracker({ size: d, top: 1, tolerance, maxProducts: mostProducts, rng });
  const { values, errors, products } = await tracker.measure(curvature.hessian());
  return {
    sharpness: values[0],
    sharpnessError: errors[0],
    examples,
    cost: (products * productCost * examples) / B,
  };
}
