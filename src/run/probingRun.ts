// A short training beside a run: the same data and network at settings of its own, in this process, stopped and gone on with at will.
import type { OptimizerSpec } from "../protocol/experiment";
import type { Problem } from "../trainers/basin/problem";
import { Stepper, type StepperState } from "../trainers/basin/stepper";

/** Of a training's steps, those whose loss says how it stands. */
const recentShare = 0.1;

export interface ProbingStart {
  readonly theta: Float32Array;
  /** Optimizer state and batches to go on with; null for new ones. */
  readonly saved?: StepperState | null;
  /** Steps made before, for schedule and bias corrections. */
  readonly step?: number;
}

export class ProbingRun {
  /** Cost so far, in gradients of one batch. */
  cost = 0;
  private gone = false;
  private readonly losses: number[] = [];

  private constructor(
    readonly problem: Problem,
    private readonly stepper: Stepper,
    private at: number,
  ) {}

  /** @param problem  Its own, by `Problem.withTraining`: running statistics of normalizations are moved in place. */
  static async open(problem: Problem, { theta, saved = null, step = 0 }: ProbingStart): Promise<ProbingRun> {
    return new ProbingRun(problem, await Stepper.make(problem, theta.slice(), saved), step);
  }

  get step(): number {
    return this.at;
  }

  get theta(): Float32Array {
    return this.stepper.theta;
  }

  /** State of the optimizer, for a point at this step. */
  get optimizer(): { readonly slots: ReadonlyMap<string, Float32Array>; readonly since: number } {
    return { slots: this.stepper.slots, since: this.stepper.since };
  }

  get diverged(): boolean {
    return this.gone;
  }

  /**
   * Trains until `step`. A loss that is not finite ends it for good: that is a result.
   * @param pause  Called between steps, so that timers and signals have their turn.
   */
  async advance(step: number, pause: () => Promise<void> | undefined = () => undefined): Promise<void> {
    for (; this.at < step && !this.gone; this.at++) {
      const loss = await this.stepper.computeGradient(this.at);
      this.cost++;
      this.losses.push(loss);
      if (Number.isFinite(loss)) this.stepper.step(this.at);
      else this.gone = true;
      await pause();
    }
  }

  /** Loss of the last batch; NaN before the first. */
  get lastLoss(): number {
    return this.losses.at(-1) ?? NaN;
  }

  /** Mean loss of the batches of the last tenth of its steps, an epoch of them at least; Infinity once it diverged. */
  get recentLoss(): number {
    const { losses, problem } = this;
    const count = Math.max(Math.ceil(recentShare * losses.length), Math.ceil(problem.n / problem.batchSize));
    const recent = losses.slice(-Math.min(count, Math.ceil(losses.length / 2)));
    const mean = recent.reduce((sum, loss) => sum + loss, 0) / recent.length;
    return this.gone || !Number.isFinite(mean) ? Infinity : mean;
  }

  /** Mean loss over the training set, as evaluation sees it; Infinity once it diverged. One forward pass. */
  async score(): Promise<number> {
    const { problem, theta } = this;
    const { loss } = await problem.score(problem.data.train, theta);
    return this.gone || !Number.isFinite(loss) ? Infinity : loss;
  }
}

/** The optimizer at another rate, and with a warm-up of so many steps where there is one; a schedule of the file's stays. */
export function atRate(spec: OptimizerSpec, learningRate: number, warmup: number | null): OptimizerSpec {
  if (warmup === null) return { ...spec, learningRate };
  return { ...spec, learningRate, schedule: { ...(spec.schedule ?? { kind: "constant" }), warmup } };
}
