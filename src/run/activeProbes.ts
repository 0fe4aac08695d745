// The probes of a run at work: when each is due, and what goes to the log.
import { Course } from "../measure/course";
import { Limits } from "../measure/limits";
import { factorSearch } from "../measure/noiseFactors";
import type { Point } from "../measure/point";
import type { Probe } from "../measure/probe";
import type { RunEvent } from "../protocol/events";
import type { Experiment } from "../protocol/experiment";
import type { EventLog } from "../record/disk/eventLog";
import type { CoursePoint } from "../stability/hovering";
import type { MeasuringState } from "../trainers/basin/checkpoint";
import type { MetricInfo } from "../types/metricInfo";
import { Measuring, type AskedProbe, type Memories, type NotTaken, type Taken } from "./measuring";
import { ReadingsWriter } from "./readingsEvent";

/** Seconds of a reading that are worth a write to the disk before and after; quicker ones wait for the log's own clock. */
const longReading = 0.05;

/** Searches of a probe whose operators are the same in a closing measurement. */
const searches: { readonly [id in Probe["id"]]?: readonly string[] } = {
  sharpness: ["hessian"],
  noise: ["gaussNewton", "noise", factorSearch],
};

interface ActiveProbe extends AskedProbe {
  /** Whether the next reading may take long, as far as the last one tells. */
  long: boolean;
  /** Whether the trainer gives what the probe needs, as far as is known. */
  applies: boolean;
}

/** When a reading is taken, and what the trainer tells beside it. */
export interface Moment {
  readonly step: number;
  readonly time: () => number;
  readonly learningRate: number;
  /** Training loss as it is known at this step. */
  readonly loss: number;
  /** Values of the loop's own that belong to this step. */
  readonly more: () => Readonly<Record<string, number>>;
}

const isDue = ({ every, applies }: ActiveProbe, step: number): boolean => applies && step % every === 0;

export class ActiveProbes {
  /** Metrics that the contract does not name. */
  readonly metrics: readonly MetricInfo[];
  readonly writer: ReadingsWriter;
  private readonly measuring: Measuring;
  private readonly active: readonly ActiveProbe[];
  private readonly limits: Limits;
  private readonly ownCourse: Course;
  /** What was read at the step of `readAt`: each probe is asked once a step, also after a resume there. */
  private readings: RunEvent[];
  private readAt: number;
  private readonly noted = new Set<string>();

  constructor(
    experiment: Experiment,
    private readonly log: EventLog,
    saved: (MeasuringState & { readonly step: number }) | null,
  ) {
    this.measuring = new Measuring(experiment, saved?.memories);
    this.active = this.measuring.asked.map((asked) => ({ ...asked, long: true, applies: true }));
    this.metrics = this.active.flatMap(({ probe }) => probe.metrics);
    this.writer = new ReadingsWriter(this.metrics);
    this.limits = new Limits(saved?.limits);
    this.ownCourse = new Course(saved?.course);
    this.readings = [...(saved?.readings ?? [])];
    this.readAt = saved?.step ?? 0;
  }

  /** Writes again what a checkpoint says was read at its step: readers forget everything from there on. */
  repeat(): void {
    for (const event of this.readings) this.log.add(event);
  }

  /** Whether any probe is to be asked at a step. */
  due(step: number): boolean {
    return this.active.some((one) => isDue(one, step));
  }

  /** Whether the readings due at a step take no time to speak of, as far as the last ones tell. */
  areQuick(step: number): boolean {
    return !this.active.some((one) => one.long && isDue(one, step));
  }

  /** Asks every probe that is due. @throws what abandons a reading; the probe then remembers what it did before. */
  async read(point: () => Point, moment: Moment): Promise<void> {
    const { step } = moment;
    this.begin(step);
    for (const one of this.dueAt(step)) {
      const done = this.readings.some((event) => event.kind === "metrics" && event.probe === one.probe.id);
      if (done) continue;
      // A reading may take seconds: what is known already goes to the disk first.
      if (one.long) this.log.flush();
      this.write(await this.measuring.take(one, point(), step), moment);
      if (one.long) this.log.flush();
    }
  }

  /** Takes over what was read at a step, by probes that remember elsewhere. */
  writeAll(taken: readonly (Taken | NotTaken)[], moment: Moment): void {
    this.begin(moment.step);
    for (const one of taken) this.write(one, moment);
  }

  private dueAt(step: number): readonly ActiveProbe[] {
    return this.active.filter((one) => isDue(one, step));
  }

  private begin(step: number): void {
    if (step === this.readAt) return;
    this.readings = [];
    this.readAt = step;
  }

  private write(taken: Taken | NotTaken, moment: Moment): void {
    const one = this.active.find(({ probe }) => probe.id === taken.probe)!;
    const { label } = one.probe;
    if ("why" in taken) {
      // A probe that cannot be taken with this trainer says so once.
      one.applies = false;
      this.noteOnce(`${label}: ${taken.why}.`, moment.step);
      return;
    }
    const { cost, leftOut } = taken;
    this.writeReadings(taken, moment);
    for (const what of leftOut) this.noteOnce(`${label}: left out: ${what}.`, moment.step);
    one.long = cost.seconds > longReading;
  }

  private writeReadings({ readings, cost, probe }: Taken, moment: Moment): void {
    const { step, time, more, learningRate, loss } = moment;
    const limit = this.limits.update(readings);
    if (limit) this.ownCourse.add({ step, share: learningRate / (limit.value as number), loss });
    const all = limit ? [...readings, limit] : readings;
    const event = this.writer.event(all, { step, time: time(), probe, cost }, more());
    this.readings.push(event);
    this.log.add(event);
  }

  private noteOnce(message: string, step: number): void {
    if (!this.noted.has(message)) this.log.add({ kind: "note", step, message });
    this.noted.add(message);
  }

  get memories(): Memories {
    return this.measuring.memories;
  }

  /** Goes on from what the probes remembered elsewhere. */
  remember(memories: Memories): void {
    this.measuring.remember(memories);
  }

  /** What the next readings depend on at `step`, beside what the probes remember. */
  state(step: number): Omit<MeasuringState, "memories"> {
    return {
      limits: this.limits.values,
      course: this.ownCourse.save(),
      readings: step === this.readAt ? this.readings : [],
    };
  }

  /** η/limit and loss, reading by reading. */
  get course(): readonly CoursePoint[] {
    return this.ownCourse.points;
  }

  /** Eigenvectors that the last readings found, by the name of their search: a closing measurement goes on from them. */
  get lastVectors(): ReadonlyMap<string, readonly Float32Array[]> {
    return new Map(
      this.active.flatMap(({ probe: { id } }) =>
        (searches[id] ?? []).map((name) => [name, this.measuring.vectorsOf(id, name)] as const),
      ),
    );
  }
}
