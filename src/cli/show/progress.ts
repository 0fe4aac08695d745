// What a run has come to, gathered from its events: the state both displays draw.
import type { RunEvent } from "../../protocol/events";
import type { Experiment } from "../../protocol/experiment";
import type { MetricName } from "../../protocol/metrics";
import { decodeNum, type Num } from "../../protocol/numbers";

type Header = Extract<RunEvent, { kind: "header" }>;

/** Speed is taken over the last so many seconds of training. */
const window = 5;
const longestSeries = 4000;

export class Progress {
  header: Header | null = null;
  step = 0;
  time = 0;
  ended = false;
  readonly notes: string[] = [];
  private readonly values = new Map<MetricName, number[]>();
  private marks: { step: number; time: number }[] = [];

  constructor(readonly experiment: Experiment) {}

  add(event: RunEvent): void {
    if (event.kind === "header") {
      this.header = event;
      this.step = event.resumedAt ?? 0;
      this.ended = false;
      this.marks = [];
      return;
    }
    if (event.kind === "note") this.notes.push(event.message);
    if (event.kind === "diverged") this.notes.push(`The ${event.what} diverged at step ${event.step}.`);
    if (event.kind === "end") this.ended = true;
    // The verdict's own readings are no part of the curves.
    if (event.kind !== "metrics" || event.probe === "verdict") return;
    this.step = event.step;
    this.time = event.time;
    // Numbers that are not finite are words on disk.
    for (const [name, value] of Object.entries(event.values))
      if (!Array.isArray(value)) this.push(name, decodeNum(value as Num));
    this.marks.push({ step: event.step, time: event.time });
    while (this.marks.length > 2 && this.marks[1].time < event.time - window) this.marks.shift();
  }

  private push(name: MetricName, value: number): void {
    const series = this.values.get(name) ?? [];
    series.push(value);
    // Every second reading goes when there are many: the curve keeps its shape.
    this.values.set(name, series.length > longestSeries ? series.filter((_, i) => i % 2 === 1) : series);
  }

  series(name: MetricName): readonly number[] {
    return this.values.get(name) ?? [];
  }

  last(name: MetricName): number | undefined {
    return this.values.get(name)?.at(-1);
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
    const byTime = minutes === undefined ? 0 : this.time / (60 * minutes);
    return Math.min(1, Math.max(this.step / steps, byTime));
  }

  /** Seconds until the first limit, steps or minutes; a training loss goal may end it sooner. */
  get secondsLeft(): number {
    const { steps, minutes } = this.experiment.stop;
    const bySteps = Math.max(0, steps - this.step) / this.speed;
    const byTime = minutes === undefined ? Infinity : 60 * minutes - this.time;
    return Math.max(0, Number.isNaN(bySteps) ? byTime : Math.min(bySteps, byTime));
  }

  /** The learning rate in force: a schedule logs it whenever it changes. */
  get learningRate(): number {
    return this.last("learningRate") ?? this.experiment.optimizer.learningRate;
  }

  /** The sharpness that decides: a preconditioned optimizer has one of its own. */
  get sharpnessName(): "sharpness" | "preconditionedSharpness" {
    return this.last("preconditionedSharpness") === undefined ? "sharpness" : "preconditionedSharpness";
  }

  /** The sharpness at which this learning rate is as large as the mean allows: thresholds scale as 1/sharpness. */
  get sharpnessLimit(): number | undefined {
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
