// One training step: gradient on a batch, then the optimizer's update, in place on one flat vector.
import { viewsOf } from "../curvature/flat";
import type { Compiled } from "../engines/engine";
import { clipNorm, learningRateAt, optimizerOf } from "../optimizers";
import { BatchSampler, gather } from "./batches";
import type { TrainingState } from "./checkpoint";
import type { Problem } from "./problem";

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

  private constructor(
    private readonly problem: Problem,
    private readonly compiled: Compiled,
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
    this.feeds = [...batch, ...viewsOf(theta, shapes)];
    this.into = [this.lossValue, ...viewsOf(this.gradient, shapes)];
  }

  static async make(problem: Problem, theta: Float32Array, saved: TrainingState | null): Promise<Stepper> {
    return new Stepper(problem, await problem.gradient(problem.batchSize), theta, saved);
  }

  /** Loss at θ on the next batch, its gradient left in `gradient`. θ does not move. */
  async look(): Promise<number> {
    if (this.sampler) {
      const { x, y, n } = this.problem.data.train;
      const indices = this.sampler.next();
      gather(x, x.length / n, indices, this.feeds[0]);
      gather(y, y.length / n, indices, this.feeds[1]);
    }
    await this.compiled.run(this.feeds, this.into);
    return this.lossValue[0];
  }

  /** Moves θ by the gradient that `look` left. */
  move(step: number): void {
    const { optimizer } = this.problem.experiment;
    const eta = learningRateAt(optimizer, step);
    if (optimizer.clip !== undefined) clipNorm(this.gradient, optimizer.clip);
    optimizerOf(optimizer).update(optimizer, eta, this.theta, this.gradient, this.state, step - this.since);
  }
}
