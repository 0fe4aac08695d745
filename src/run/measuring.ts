// The probes that an experiment asks for, each with what it remembers from reading to reading: what takes readings, on whichever thread.
import { probes } from "../measure";
import { unlimited, type Budget } from "../measure/budget";
import { ProbeMemory, type SavedMemory } from "../measure/memory";
import { notApplicable, type Point } from "../measure/point";
import { everyOf, pointFor, type Probe } from "../measure/probe";
import type { Experiment } from "../protocol/experiment";
import { memoryBytes } from "../protocol/memory";
import type { Cost, Reading } from "../types/reading";
import { Rng } from "../util/rng";

/** What a probe read at a step; copied from thread to thread. */
export interface Taken {
  readonly probe: Probe["id"];
  readonly readings: readonly Reading[];
  /** As `Measured.leftOut`. */
  readonly leftOut: readonly string[];
  readonly cost: Cost;
}

/** Why a probe cannot be taken at all. */
export interface NotTaken {
  readonly probe: Probe["id"];
  readonly why: string;
}

export type Memories = ReadonlyMap<Probe["id"], SavedMemory>;

export interface AskedProbe {
  readonly probe: Probe;
  /** Steps between its readings. */
  readonly every: number;
}

export class Measuring {
  readonly asked: readonly AskedProbe[];
  private readonly memory = new Map<Probe["id"], ProbeMemory>();
  private readonly budget: Budget;

  /** @param saved  What the probes remember; those that are not there begin anew from the experiment's seed. */
  constructor(
    private readonly experiment: Experiment,
    saved: ReadonlyMap<string, SavedMemory> = new Map(),
  ) {
    this.asked = probes.flatMap((probe) => {
      const every = everyOf(probe, experiment);
      return every === undefined ? [] : [{ probe, every }];
    });
    for (const { probe } of this.asked)
      this.memory.set(probe.id, new ProbeMemory(new Rng(experiment.seed, `probe.${probe.id}`)));
    this.budget = unlimited(memoryBytes(experiment.memory));
    this.remember(saved);
  }

  /** Asks a probe. @throws what abandons a reading; the probe then remembers what it did before. */
  async take(asked: AskedProbe, point: Point, step: number): Promise<Taken | NotTaken> {
    const memory = this.memory.get(asked.probe.id)!;
    const before = memory.save();
    try {
      return await this.measure(asked, point, step);
    } catch (error) {
      memory.restore(before);
      throw error;
    }
  }

  /** The same where nothing goes on after a reading that is abandoned. */
  async measure({ probe }: AskedProbe, point: Point, step: number): Promise<Taken | NotTaken> {
    const why = notApplicable(point, probe.needs);
    if (why !== null) return { probe: probe.id, why };
    const { products } = point.meter;
    const t0 = performance.now();
    const own = pointFor(probe, point);
    const { readings, leftOut = [] } = await probe.measure({
      point: own instanceof Promise ? await own : own,
      probes: this.experiment.probes,
      effort: "running",
      step,
      memory: this.memory.get(probe.id)!,
      budget: this.budget,
      known: new Map(),
      initialLoss: NaN,
    });
    const cost = { products: point.meter.products - products, seconds: (performance.now() - t0) / 1000 };
    return { probe: probe.id, readings, leftOut, cost };
  }

  /** Everything that the next readings depend on. */
  get memories(): Memories {
    return new Map([...this.memory].map(([id, memory]) => [id, memory.save()]));
  }

  /** Goes on from what was remembered elsewhere: the next readings are the same, bit for bit. */
  remember(memories: ReadonlyMap<string, SavedMemory>): void {
    for (const [id, memory] of this.memory) {
      const saved = memories.get(id);
      if (saved) memory.restore(saved);
    }
  }

  /** Vectors that a probe's search read last, largest eigenvalue first. */
  vectorsOf(probe: Probe["id"], search: string): Float32Array[] {
    return this.memory.get(probe)?.vectorsOf(search) ?? [];
  }
}
