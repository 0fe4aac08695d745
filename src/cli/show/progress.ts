// How far a run has come, from the one fold of its log: what the displays draw beside its curves.
import type { RunEvent } from "../../protocol/events";
import type { Experiment } from "../../protocol/experiment";
import { slopedLimit } from "../../record/limits";
import { edgeForecast, type EdgeForecast } from "../../record/edgeForecast";
import { provisionalFlag, type ProvisionalFlag } from "../../record/provisionalFlag";
import { RunSeries } from "../../record/runSeries";

/** Speed is taken over the last so many seconds of training. */
const window = 5;

export class Progress {
  readonly series = new RunSeries();
  private marks: { step: number; time: number }[] = [];

  constructor(readonly experiment: Experiment) {}

  add(event: RunEvent): void {
    this.series.add(event);
    if (event.kind === "header") this.marks = [];
    // The closing measurement stands still, at a point that may lie behind.
    if (event.kind !== "metrics" || event.probe === "verdict") return;
    this.marks.push({ step: event.step, time: event.time });
    while (this.marks.length > 2 && this.marks[1].time < event.time - window) this.marks.shift();
  }

  get step(): number {
    return this.series.step;
  }

  get ended(): boolean {
    return this.series.ended !== undefined;
  }

  /** Whether the process has reported. */
  get reported(): boolean {
    return this.series.header !== undefined;
  }

  /** What is worth telling besides numbers, in the order it happened. */
  get notes(): readonly string[] {
    const { notes, diverged } = this.series;
    const told = notes.map(({ message }) => message);
    return diverged ? [...told, `The ${diverged.what} diverged at step ${diverged.step}.`] : told;
  }

  /** The readings of a metric over training. */
  curve(name: string): Float64Array {
    return this.series.column(name).values;
  }

  last(name: string): number | undefined {
    return this.series.number(name);
  }

  /** Steps a second over the last seconds of training; NaN before there is one to tell. */
  get speed(): number {
    const first = this.marks.at(0);
    const latest = this.marks.at(-1);
    if (!first || !latest || latest.time <= first.time) return NaN;
    return (latest.step - first.step) / (latest.time - first.time);
  }

  /** How much of the run is done, by whichever stop condition comes first. */
  get fraction(): number {
    const { steps, minutes } = this.experiment.stop;
    const byTime = minutes === undefined ? 0 : this.series.time / (60 * minutes);
    return Math.min(1, Math.max(this.step / steps, byTime));
  }

  /** Seconds until the first limit, steps or minutes; a training loss goal may end it sooner. */
  get secondsLeft(): number {
    const { steps, minutes } = this.experiment.stop;
    const bySteps = Math.max(0, steps - this.step) / this.speed;
    const byTime = minutes === undefined ? Infinity : 60 * minutes - this.series.time;
    return Math.max(0, Number.isNaN(bySteps) ? byTime : Math.min(bySteps, byTime));
  }

  /** Said while it trains, and withdrawn: the learning rate has been beyond its limit for a while. */
  get flag(): ProvisionalFlag | null {
    return provisionalFlag(this.series, this.experiment.optimizer.learningRate);
  }

  /** When it will meet its limit; null where nothing can be said. */
  get forecast(): EdgeForecast | null {
    return edgeForecast(this.series, this.experiment.optimizer.learningRate);
  }

  /** What the closing measurement does now, and how far it is; undefined while the run trains. */
  get closing(): string | undefined {
    const { closing } = this.series;
    return closing && `measuring the verdict: ${closing.what} (${closing.done + 1} of ${closing.of})`;
  }

  /** The learning rate in force: a schedule logs it whenever it changes. */
  get learningRate(): number {
    return this.last("learningRate") ?? this.experiment.optimizer.learningRate;
  }

  /** The sharpness that decides: a preconditioned optimizer has one of its own. */
  get sharpnessName(): "sharpness" | "preconditionedSharpness" {
    return this.last("preconditionedSharpness") === undefined ? "sharpness" : "preconditionedSharpness";
  }

  /** The sharpness at which this learning rate is as large as the mean allows: thresholds scale as 1/sharpness, but for SAM's. */
  get sharpnessLimit(): number | undefined {
    const { optimizer } = this.experiment;
    if (optimizer.kind === "sgd" && optimizer.sam)
      return slopedLimit(optimizer, this.learningRate, this.last("gradNorm"));
    const [sharpness, limit] = [this.last(this.sharpnessName), this.last("stability.meanLimit")];
    if (sharpness === undefined || limit === undefined || !Number.isFinite(limit)) return undefined;
    return (sharpness * limit) / this.learningRate;
  }

  /** Learning rate over the largest stable one; above 1 linear stability is broken. */
  get shareOfLimit(): number | undefined {
    const limit = this.last("stability.limit");
    return limit === undefined ? undefined : this.learningRate / limit;
  }
}
