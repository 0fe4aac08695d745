// What a run does near a minimum: a long product of random matrices, one a mini-batch, applied to four displacements side by side.
import { BatchSampler, type Sampling } from "../util/batchSampler";
import { Rng } from "../util/rng";
import { BatchLanes, lanes } from "./batchLanes";
import { drawnFrom, type Factors } from "./secondMoment";
import type { Dynamics } from "./thresholds";

export interface ProductOptions extends Dynamics, Omit<Sampling, "n"> {
  /** η of each displacement, [lanes]: they see the same batches. */
  readonly rates: readonly number[];
}

/** Steps between two looks at the length, and the factor by which it may change between them: beyond it every step is looked at. */
const [looks, tame] = [4, 1e6];

/** θ ← (1 − ηw)θ + v, v ← βv − γη(H_B + c)y in the span of the factors, y = θ or θ + βv: the linear dynamics of one run. */
export class MatrixProduct {
  private readonly sampler: BatchSampler;
  private readonly hessian: BatchLanes;
  private readonly theta: Float64Array;
  private readonly velocity: Float64Array;
  private readonly at: Float64Array;
  private readonly gradient: Float64Array;
  private readonly logs = new Float64Array(lanes);
  /** Steps until the next look; the first one tells how fast the lengths change. */
  private left = 1;
  /** Examples held, of those that are drawn from. */
  private readonly held: number;

  constructor(
    factors: Factors,
    private readonly options: ProductOptions,
  ) {
    const { n, r } = factors;
    this.sampler = new BatchSampler({ ...options, n: drawnFrom(factors) });
    this.hessian = new BatchLanes(factors);
    this.held = n;
    // The same displacement in every lane: only the rates tell them apart.
    const rng = new Rng(options.seed, "displacement");
    const start = Float64Array.from({ length: r }, () => rng.normal());
    this.theta = Float64Array.from({ length: lanes * r }, (_, i) => start[Math.floor(i / lanes)]);
    this.velocity = new Float64Array(lanes * r);
    this.at = new Float64Array(lanes * r);
    this.gradient = new Float64Array(lanes * r);
  }

  /** Steps of an epoch; of independent batches as many as see as many examples. */
  get epochLength(): number {
    return this.sampler.epochLength;
  }

  /** Relative error of a step. */
  get rounding(): number {
    return this.hessian.rounding;
  }

  /** ln ‖(θ, βv)‖, what the next step depends on, of each displacement beside its beginning, [lanes]. */
  logLengths(): Float64Array {
    this.rescale();
    return this.logs.slice();
  }

  /** Costs 4 B K r flops a lane. */
  step(): void {
    const {
      momentum = 0,
      nesterov = false,
      gain = 1,
      weightDecay = 0,
      decoupledDecay = 0,
      rates,
    } = this.options;
    const { theta, velocity, at, gradient } = this;
    const ahead = nesterov ? momentum : 0;
    for (let i = 0; i < at.length; i++) at[i] = theta[i] + ahead * velocity[i];
    this.hessian.apply(this.heldOnes(this.sampler.next()), at, gradient);
    for (let i = 0; i < theta.length; i += lanes)
      for (let lane = 0; lane < lanes; lane++) {
        const j = i + lane;
        const v = momentum * velocity[j] - gain * rates[lane] * (gradient[j] + weightDecay * at[j]);
        velocity[j] = v;
        theta[j] = (1 - rates[lane] * decoupledDecay) * theta[j] + v;
      }
    if (--this.left === 0) this.rescale();
  }

  /** Of a sample each example stands for as many of those that are drawn from, which are like it. */
  private heldOnes(batch: Uint32Array): Uint32Array {
    return batch.every((i) => i < this.held) ? batch : batch.map((i) => i % this.held);
  }

  private rescale(): void {
    const { theta, velocity, logs } = this;
    const { momentum = 0 } = this.options;
    this.left = looks;
    for (let lane = 0; lane < lanes; lane++) {
      let square = 0;
      for (let i = lane; i < theta.length; i += lanes)
        square += theta[i] ** 2 + (momentum * velocity[i]) ** 2;
      const length = Math.sqrt(square);
      logs[lane] += Math.log(length);
      // One that a step has ended stays ended.
      if (!(length > 0)) continue;
      if (length > tame || length < 1 / tame) this.left = 1;
      for (let i = lane; i < theta.length; i += lanes) {
        theta[i] /= length;
        velocity[i] /= length;
      }
    }
  }
}
