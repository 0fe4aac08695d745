// One training step: gradient on a batch, with SAM another one up its slope, then the optimizer's update, in place on one flat vector.
import { viewsOf } from "../../curvature/flat";
import { clipNorm, learningRateAt, optimizerOf } from "../../optimizers";
import { leastSlope } from "../../stability/thresholds";
import { axpy, norm } from "../../util/linalg/vector";
import { BatchSampler, type SamplerState } from "../../util/batchSampler";
import { Rng } from "../../util/rng";
import { gather } from "./gather";
import type { Problem, StepFunction } from "./problem";

/** Share of the batch's statistics in the running ones, PyTorch's default momentum of batch normalization. */
const statisticsMomentum = 0.1;

/** What a stepper starts from, where it does not start anew. */
export interface StepperState {
  /** Optimizer slots by name, each [d]. */
  readonly slots: ReadonlyMap<string, Float32Array>;
  /** Step at which they were new. */
  readonly since: number;
  readonly sampler: SamplerState | null;
}

/** A part of the batch that fits into memory. */
interface Piece {
  readonly step: StepFunction;
  /** Its examples over those of the batch. */
  readonly share: number;
  readonly masks: readonly Float32Array[];
  readonly loss: Float32Array;
  readonly gradient: Float32Array;
  readonly feeds: readonly Float32Array[];
  readonly into: readonly Float32Array[];
}

/**
 * Sharpness-aware minimization: θ is updated by the batch's gradient at θ + r g/‖g‖, g that at θ, with the same dropout; running
 * statistics and the loss that is told are those at θ.
 * @source Foret, Kleiner, Mobahi & Neyshabur, "Sharpness-Aware Minimization for Efficiently Improving Generalization", ICLR 2021, arXiv
 *   2010.01412; 1e-12 beside the norm as its published code has it.
 */
interface Ascent {
  readonly radius: number;
  /** θ + r g/‖g‖, [d], and the gradient there. */
  readonly theta: Float32Array;
  readonly gradient: Float32Array;
  readonly pieces: readonly Piece[];
}

/** Mean loss over the pieces of a batch, its gradient [d] written where it belongs. */
async function evaluate(pieces: readonly Piece[], gradient: Float32Array): Promise<number> {
  if (pieces.length === 1) {
    await pieces[0].step.compiled.run(pieces[0].feeds, pieces[0].into);
    return pieces[0].loss[0];
  }
  let loss = 0;
  gradient.fill(0);
  for (const piece of pieces) {
    await piece.step.compiled.run(piece.feeds, piece.into);
    loss += piece.share * piece.loss[0];
    axpy(piece.share, piece.gradient, gradient);
  }
  return loss;
}

export class Stepper {
  readonly theta: Float32Array;
  /** ∇L at θ on the current batch, [d]. */
  readonly gradient: Float32Array;
  readonly slots: ReadonlyMap<string, Float32Array>;
  readonly sampler: BatchSampler | null;
  /** Step at which the optimizer state was new. */
  readonly since: number;
  private readonly pieces: readonly Piece[];
  private readonly ascent: Ascent | null;
  /** Inputs and targets of the current batch; those of the training set itself where a step sees them as they are. */
  private readonly batch: readonly [x: Float32Array, y: Float32Array];
  private readonly state: readonly Float32Array[];
  private readonly statistics: readonly Float32Array[];

  private constructor(
    private readonly problem: Problem,
    steps: readonly { readonly start: number; readonly end: number; readonly step: StepFunction }[],
    theta: Float32Array,
    saved: StepperState | null,
  ) {
    const { experiment, shapes, d, n, batchSize, data } = problem;
    this.theta = theta;
    this.gradient = new Float32Array(d);
    const names = optimizerOf(experiment.optimizer).slots(experiment.optimizer);
    this.since = saved?.since ?? 0;
    this.slots = new Map(names.map((slot) => [slot, saved?.slots.get(slot) ?? new Float32Array(d)]));
    this.state = [...this.slots.values()];
    const full = batchSize === n;
    const { sampling, labelNoise = 0 } = experiment.optimizer;
    const { seed } = experiment;
    this.sampler = full
      ? null
      : new BatchSampler({ n, size: batchSize, sampling, seed }, saved?.sampler ?? undefined);
    const { x, y } = data.train;
    const [D, K] = [x.length / n, y.length / n];
    // The training set's own targets stay as they are.
    this.batch = [
      full ? x : new Float32Array(D * batchSize),
      full && labelNoise === 0 ? y : new Float32Array(K * batchSize),
    ];
    this.statistics = problem.buffers.map(({ length }) => new Float32Array(length));
    const single = steps.length === 1;
    this.pieces = steps.map(({ start, end, step }) => {
      const masks = step.masks.map(({ size }) => new Float32Array(size));
      const own = [this.batch[0].subarray(start * D, end * D), this.batch[1].subarray(start * K, end * K)];
      const loss = new Float32Array(1);
      // One piece writes where the sum belongs.
      const gradient = single ? this.gradient : new Float32Array(d);
      return {
        step,
        share: (end - start) / batchSize,
        masks,
        loss,
        gradient,
        feeds: [...own, ...viewsOf(theta, shapes), ...masks],
        into: [loss, ...viewsOf(gradient, shapes), ...this.statistics],
      };
    });
    const { optimizer } = experiment;
    this.ascent = optimizer.kind === "sgd" && optimizer.sam ? this.ascentOf(optimizer.sam.radius) : null;
  }

  /** The same pieces of the batch at parameters of their own; what they tell beside the gradient goes nowhere. */
  private ascentOf(radius: number): Ascent {
    const { shapes, d } = this.problem;
    const [theta, gradient] = [new Float32Array(d), new Float32Array(d)];
    const unused = [new Float32Array(1), ...this.statistics.map(({ length }) => new Float32Array(length))];
    const pieces = this.pieces.map((piece): Piece => {
      const own = this.pieces.length === 1 ? gradient : new Float32Array(d);
      const [x, y] = piece.feeds;
      return {
        ...piece,
        loss: unused[0],
        gradient: own,
        feeds: [x, y, ...viewsOf(theta, shapes), ...piece.masks],
        into: [unused[0], ...viewsOf(own, shapes), ...unused.slice(1)],
      };
    });
    return { radius, theta, gradient, pieces };
  }

  static async make(problem: Problem, theta: Float32Array, saved: StepperState | null): Promise<Stepper> {
    const { batchSize } = problem;
    // Batch statistics tie a batch together: it is then never split.
    const ranges = problem.buffers.length > 0 ? ([[0, batchSize]] as const) : problem.pieces(batchSize);
    const steps: { start: number; end: number; step: StepFunction }[] = [];
    for (const [start, end] of ranges) steps.push({ start, end, step: await problem.gradient(end - start) });
    return new Stepper(problem, steps, theta, saved);
  }

  /** Loss at θ on the next batch, its gradient left in `gradient`, with SAM also the one up its slope. θ stays. */
  async computeGradient(step: number): Promise<number> {
    this.drawMasks(step);
    if (this.sampler) {
      const { x, y, n } = this.problem.data.train;
      const indices = this.sampler.next();
      gather(x, x.length / n, indices, this.batch[0]);
      gather(y, y.length / n, indices, this.batch[1]);
    }
    this.disturbTargets(step);
    // Awaited only where there is something to wait for: a small net's step costs as little as a few promises.
    if (!this.ascent) return evaluate(this.pieces, this.gradient);
    const loss = await evaluate(this.pieces, this.gradient);
    await this.ascend(this.ascent);
    return loss;
  }

  private async ascend({ radius, theta, gradient, pieces }: Ascent): Promise<void> {
    theta.set(this.theta);
    axpy(radius / (norm(this.gradient) + leastSlope), this.gradient, theta);
    await evaluate(pieces, gradient);
  }

  /** Dropout masks of a step: from the seed and the step alone, so that a resume needs no state for them. */
  private drawMasks(step: number): void {
    if (this.pieces[0].masks.length === 0) return;
    const rng = new Rng(this.problem.experiment.seed, `dropout.${step}`);
    for (const { masks, step: own } of this.pieces)
      own.masks.forEach(({ rate }, i) => {
        const mask = masks[i];
        for (let j = 0; j < mask.length; j++) mask[j] = rng.uniform() < rate ? 0 : 1 / (1 - rate);
      });
  }

  /** Label noise of a step, as the masks from seed and step alone: targets y + σξ, ξ standard normal, for the batch in hand. */
  private disturbTargets(step: number): void {
    const { experiment, data } = this.problem;
    const { labelNoise = 0 } = experiment.optimizer;
    if (labelNoise === 0) return;
    const [, targets] = this.batch;
    if (!this.sampler) targets.set(data.train.y);
    const rng = new Rng(experiment.seed, `labelNoise.${step}`);
    for (let i = 0; i < targets.length; i++) targets[i] += labelNoise * rng.normal();
  }

  /** Updates θ by the gradient that `computeGradient` left, and the running statistics towards those of its batch. */
  step(step: number): void {
    this.problem.buffers.forEach((running, i) => {
      const own = this.statistics[i];
      for (let j = 0; j < running.length; j++)
        running[j] = (1 - statisticsMomentum) * running[j] + statisticsMomentum * own[j];
    });
    const { optimizer } = this.problem.experiment;
    const gradient = this.ascent?.gradient ?? this.gradient;
    if (optimizer.clip !== undefined) clipNorm(gradient, optimizer.clip);
    optimizerOf(optimizer).update(optimizer, {
      learningRate: learningRateAt(optimizer, step),
      theta: this.theta,
      gradient,
      state: this.state,
      count: step - this.since,
    });
  }
}
