// The probes of a run at work: when each is due, what it remembers, what goes to the log.
import { Course } from "../measure/course";
import { Limits } from "../measure/limits";
import { probes } from "../measure";
import { unlimited } from "../measure/budget";
import { ProbeMemory, type SavedMemory } from "../measure/memory";
import { notApplicable, type Point } from "../measure/point";
import { factorSearch } from "../measure/noiseFactors";
import { everyOf, pointFor, type Measured, type Probe } from "../measure/probe";
import type { RunEvent } from "../protocol/events";
import type { Experiment } from "../protocol/experiment";
import { memoryBytes } from "../protocol/memory";
import type { EventLog } from "../record/disk/eventLog";
import type { CoursePoint } from "../stability/hovering";
import type { MeasuringState } from "../trainers/basin/checkpoint";
import type { MetricInfo } from "../types/metricInfo";
import type { Cost } from "../types/reading";
import { Rng } from "../util/rng";
import { ReadingsWriter } from "./readingsEvent";

/** Seconds of a reading that are worth a write to the disk before and after; quicker ones wait for the log's own clock. */
const longReading = 0.05;

/** Searches of a probe whose operators are the same in a closing measurement. */
const searches: { readonly [id in Probe["id"]]?: readonly string[] } = {
  sharpness: ["hessian"],
  noise: ["gaussNewton", "noise", factorSearch],
};

interface ActiveProbe {
  readonly probe: Probe;
  readonly every: number;
  readonly memory: ProbeMemory;
  /** Whether the next reading may take long, as far as the last one tells. */
  long: boolean;
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

export class ActiveProbes {
  /** Metrics that the contract does not name. */
  readonly metrics: readonly MetricInfo[];
  readonly writer: ReadingsWriter;
  private readonly active: readonly ActiveProbe[];
  private readonly limits: Limits;
  private readonly ownCourse: Course;
  /** What was read at the step of `readAt`: each probe is asked once a step, also after a resume there. */
  private readings: RunEvent[];
  private readAt: number;
  private readonly noted = new Set<string>();

  constructor(
    private readonly experiment: Experiment,
    private readonly log: EventLog,
    saved: (MeasuringState & { readonly step: number }) | null,
  ) {
    this.active = probes.flatMap((probe): ActiveProbe[] => {
      const every = everyOf(probe, experiment);
      if (every === undefined) return [];
      const memory = new ProbeMemory(new Rng(experiment.seed, `probe.${probe.id}`));
      const known = saved?.memories.get(probe.id);
      if (known) memory.restore(known);
      return [{ probe, every, memory, long: true }];
    });
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
    return this.active.some(({ every }) => step % every === 0);
  }

  /** Asks every probe that is due. @throws what abandons a reading; the probe then remembers what it did before. */
  async read(point: () => Point, moment: Moment): Promise<void> {
    if (moment.step !== this.readAt) {
      this.readings = [];
      this.readAt = moment.step;
    }
    for (const one of this.active) {
      const done = this.readings.some((event) => event.kind === "metrics" && event.probe === one.probe.id);
      if (moment.step % one.every === 0 && !done) await this.readOne(one, point(), moment);
    }
  }

  private async readOne(one: ActiveProbe, point: Point, moment: Moment): Promise<void> {
    const { probe, memory } = one;
    if (!this.applies(probe, point, moment.step)) return;
    // A reading may take seconds: what is known already goes to the disk first.
    if (one.long) this.log.flush();
    const before = memory.save();
    const products = point.meter.products;
    const t0 = performance.now();
    let measured: Measured;
    try {
      measured = await probe.measure({
        point: await pointFor(probe, point),
        probes: this.experiment.probes,
        effort: "running",
        step: moment.step,
        memory,
        budget: unlimited(memoryBytes(this.experiment.memory)),
        known: new Map(),
        initialLoss: NaN,
      });
    } catch (error) {
      memory.restore(before);
      throw error;
    }
    const cost = { products: point.meter.products - products, seconds: (performance.now() - t0) / 1000 };
    this.write(measured, cost, probe, moment);
    for (const what of measured.leftOut ?? [])
      this.noteOnce(`${probe.label}: left out: ${what}.`, moment.step);
    one.long = cost.seconds > longReading;
    if (one.long) this.log.flush();
  }

  private write(
    { readings }: Measured,
    cost: Cost,
    probe: Probe,
    { step, time, more, learningRate, loss }: Moment,
  ): void {
    const limit = this.limits.update(readings);
    if (limit) this.ownCourse.add({ step, share: learningRate / (limit.value as number), loss });
    const all = limit ? [...readings, limit] : readings;
    const event = this.writer.event(all, { step, time: time(), probe: probe.id, cost }, more());
    this.readings.push(event);
    this.log.add(event);
  }

  /** A probe that cannot be taken with this trainer says so once. */
  private applies(probe: Probe, point: Point, step: number): boolean {
    const why = notApplicable(point, probe.needs);
    if (why === null) return true;
    this.noteOnce(`${probe.label}: ${why}.`, step);
    return false;
  }

  private noteOnce(message: string, step: number): void {
    if (!this.noted.has(message)) this.log.add({ kind: "note", step, message });
    this.noted.add(message);
  }

  /** Everything that the next readings depend on, at `step`. */
  state(step: number): MeasuringState {
    return {
      memories: new Map(
        this.active.map(({ probe, memory }): [string, SavedMemory] => [probe.id, memory.save()]),
      ),
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
      this.active.flatMap(({ probe, memory }) =>
        (searches[probe.id] ?? []).map((name) => [name, memory.vectorsOf(name)] as const),
      ),
    );
  }
}
