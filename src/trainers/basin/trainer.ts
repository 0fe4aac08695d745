// What drives θ: the next gradient, the next step, the point as it stands, and everything a checkpoint must hold of it.
import type { Curvature } from "../../curvature/curvature";
import type { Meter } from "../../curvature/meter";
import type { Point } from "../../measure/point";
import { learningRateAt } from "../../optimizers";
import type { SamplerState } from "../../util/batchSampler";
import type { TrainingState } from "./checkpoint";
import { descentOf, type OptimizerState } from "./descent";
import { PointSource } from "./point";
import type { Problem } from "./problem";
import { Stepper } from "./stepper";

/** θ and the optimizer's state as they stand, [d] each: the arrays themselves. */
export interface Snapshot extends OptimizerState {
  readonly step: number;
  readonly theta: Float32Array;
  /** ∇L of the batch seen last. */
  readonly gradient: Float32Array;
}

export class Trainer {
  /** Updates made so far. */
  private made: number;
  /** The sampler before the batch of the gradient in hand was drawn: a resume draws that batch again. */
  private sampler: SamplerState | null;
  private current: Point | null = null;

  private constructor(
    readonly problem: Problem,
    private readonly stepper: Stepper,
    private readonly points: PointSource,
    saved: TrainingState | null,
  ) {
    this.made = saved?.step ?? 0;
    this.sampler = stepper.sampler?.state ?? null;
  }

  /** Starts from `saved`, or anew from the experiment's own weights. @throws UserError when those cannot be read. */
  static async open(problem: Problem, saved: TrainingState | null, meter: Meter): Promise<Trainer> {
    const theta = saved?.theta ?? (await problem.start());
    const stepper = await Stepper.make(problem, theta, saved);
    return new Trainer(problem, stepper, PointSource.open(problem, meter), saved);
  }

  get step(): number {
    return this.made;
  }

  /** What is compiled of the network, for facts about it. */
  get curvature(): Curvature {
    return this.points.curvature;
  }

  get learningRate(): number {
    return learningRateAt(this.problem.experiment.optimizer, this.made);
  }

  /** ∇L on the batch seen last, [d]; changes with the next one. */
  get gradient(): Float32Array {
    return this.stepper.gradient;
  }

  /** Loss on the next batch; its gradient is left in `gradient`. */
  computeGradient(): Promise<number> {
    this.sampler = this.stepper.sampler?.state ?? null;
    return this.stepper.computeGradient(this.made);
  }

  /** Whether every parameter is a number. */
  get isFinite(): boolean {
    return this.stepper.theta.every(Number.isFinite);
  }

  /** One update by that gradient. */
  advance(): void {
    this.current = null;
    this.stepper.step(this.made);
    this.made++;
    this.sampler = this.stepper.sampler?.state ?? null;
  }

  /** Mean loss over the training set as evaluation sees it. One forward pass. */
  async fullLoss(): Promise<number> {
    const { problem, stepper } = this;
    return (await problem.score(problem.data.train, stepper.theta)).loss;
  }

  /** θ as it stands: the same point until the next update. */
  point(): Point {
    return (this.current ??= pointOf(this.points, this.snapshot()));
  }

  /** What a point is made of. Holds the arrays themselves: copy them before the next step. */
  snapshot(): Snapshot {
    const { slots, since, gradient, theta } = this.stepper;
    return { step: this.made, theta, gradient, slots, count: this.made - since };
  }

  /** The point of another state of the same problem, whose running statistics are taken over. */
  async pointOf(saved: Omit<TrainingState, "time" | "initialLoss" | "loss">): Promise<Point> {
    this.problem.fillBuffers(saved.buffers);
    return pointAt(this.problem, this.points, { ...saved, count: saved.step - saved.since });
  }

  /** Where training stands, for a checkpoint. Holds the arrays themselves: write it down before the next step. */
  state(): Omit<TrainingState, "time" | "initialLoss" | "loss"> {
    const { problem, stepper, sampler } = this;
    const { theta, slots, since } = stepper;
    const buffers = new Map(problem.model.buffers.map(({ name }, i) => [name, problem.buffers[i]]));
    return { step: this.made, theta, buffers, slots, since, sampler };
  }

  /** The same for later. */
  copiedState(): ReturnType<Trainer["state"]> {
    const { theta, buffers, slots, ...rest } = this.state();
    const copied = (named: typeof slots): typeof slots =>
      new Map([...named].map(([name, values]) => [name, values.slice()]));
    return { ...rest, theta: theta.slice(), buffers: copied(buffers), slots: copied(slots) };
  }
}

/** The point of a state as training has it, for readings there: training goes on to the next. */
export const pointOf = (points: PointSource, { theta, gradient, ...state }: Snapshot): Point =>
  points.passing(theta, descentOf(points.problem.experiment.optimizer, state, gradient));

/** The point that a state has reached, its preconditioner from the state, or from the gradient there where that holds none. */
export async function pointAt(
  problem: Problem,
  points: PointSource,
  { theta, ...state }: OptimizerState & { readonly theta: Float32Array },
): Promise<Point> {
  const { gradient } = await points.ofAll.at(theta).evaluate();
  return points.at(theta, descentOf(problem.experiment.optimizer, state, gradient));
}
