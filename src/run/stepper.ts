// One training step: gradient on a batch, then the optimizer's update, in place on one flat vector.
import { viewsOf } from "../curvature/flat";
import { clipNorm, learningRateAt, optimizerOf } from "../optimizers";
import { BatchSampler, gather } from "./batches";
import type { TrainingState } from "./checkpoint";
import { Rng } from "../util/rng";
import type { Problem, StepFunction } from "./problem";

/** Share of the batch's statistics in the running ones, PyTorch's default momentum of batch normalization. */
const statisticsMomentum = 0.1;

export class Stepper {
  readonly theta: Float32Array;
  readonly gradient: Float32Array;
  readonly slots: ReadonlyMap<string, Float32Array>;
  readonly sampler: BatchSampler | null;
  /** Step at which the optimizer state was new. */
  readonly since: number;
  private readonly into: Float32Array[];
  private readonly feeds: Float32Array[];
  private readonly lossValue = new Float32Array(1);
  private readonly state: readonly Float32Array[];
  private readonly masks: readonly Float32Array[];
  private readonly statistics: readonly Float32Array[];

  private constructor(
    private readonly problem: Problem,
    private readonly step: StepFunction,
    theta: Float32Array,
    saved: TrainingState | null,
  ) {
    const { experiment, shapes, d, n, batchSize, data } = problem;
    this.theta = theta;
    this.gradient = new Float32Array(d);
    const names = optimizerOf(experiment.optimizer).slots(experiment.optimizer);
    this.since = saved?.since ?? 0;
    this.slots = new Map(names.map((slot) => [slot, saved?.slots.get(slot) ?? new Float32Array(d)]));
    this.state = [...this.slots.values()];
    const full = batchSize === n;
    this.sampler = full ? null : new BatchSampler(n, batchSize, experiment.seed, saved?.sampler ?? undefined);
    const { x, y } = data.train;
    const batch = full
      ? [x, y]
      : [new Float32Array((x.length / n) * batchSize), new Float32Array((y.length / n) * batchSize)];
    this.masks = step.masks.map(({ size }) => new Float32Array(size));
    this.statistics = problem.buffers.map(({ length }) => new Float32Array(length));
    this.feeds = [...batch, ...viewsOf(theta, shapes), ...this.masks];
    this.into = [this.lossValue, ...viewsOf(this.gradient, shapes), ...this.statistics];
  }

  static async make(problem: Problem, theta: Float32Array, saved: TrainingState | null): Promise<Stepper> {
    return new Stepper(problem, await problem.gradient(problem.batchSize), theta, saved);
  }

  /** Loss at θ on the next batch, its gradient left in `gradient`. θ does not move. */
  async look(step: number): Promise<number> {
    this.drawMasks(step);
    if (this.sampler) {
      const { x, y, n } = this.problem.data.train;
      const indices = this.sampler.next();
      gather(x, x.length / n, indices, this.feeds[0]);
      gather(y, y.length / n, indices, this.feeds[1]);
    }
    await this.step.compiled.run(this.feeds, this.into);
    return this.lossValue[0];
  }

  /** Dropout masks of a step: from the seed and the step alone, so that a resume needs no state for them. */
  private drawMasks(step: number): void {
    if (this.masks.length === 0) return;
    const rng = new Rng(this.problem.experiment.seed, `dropout.${step}`);
    this.step.masks.forEach(({ rate }, i) => {
      const mask = this.masks[i];
      for (let j = 0; j < mask.length; j++) mask[j] = rng.uniform() < rate ? 0 : 1 / (1 - rate);
    });
  }

  /** Moves θ by the gradient that `look` left, and the running statistics towards those of its batch. */
  move(step: number): void {
    this.problem.buffers.forEach((running, i) => {
      const own = this.statistics[i];
      for (let j = 0; j < running.length; j++)
        running[j] = (1 - statisticsMomentum) * running[j] + statisticsMomentum * own[j];
    });
    const { optimizer } = this.problem.experiment;
    const eta = learningRateAt(optimizer, step);
    if (optimizer.clip !== undefined) clipNorm(this.gradient, optimizer.clip);
    optimizerOf(optimizer).update(optimizer, eta, this.theta, this.gradient, this.state, step - this.since);
  }
}
