// What a probe keeps from reading to reading: named tensors and its random state. A checkpoint holds all of it.
import { EigenTracker, type TrackerOptions, type TrackerState } from "../curvature/tracker";
import { Rng, type RngState } from "../util/rng";

export type NamedTensors = ReadonlyMap<string, Float32Array>;

/** A memory as it is written down. */
export interface SavedMemory {
  readonly tensors: NamedTensors;
  readonly rng: RngState;
}

export class ProbeMemory {
  private tensors = new Map<string, Float32Array>();
  private trackers = new Map<string, EigenTracker>();

  constructor(private generator: Rng) {}

  get rng(): Rng {
    return this.generator;
  }

  get(name: string): Float32Array | undefined {
    return this.tensors.get(name);
  }

  /** Keeps an array, which nobody may write to from here on. */
  set(name: string, values: Float32Array): void {
    this.tensors.set(name, values);
  }

  /** Names that start with `prefix`. */
  under(prefix: string): Map<string, Float32Array> {
    const found = [...this.tensors].filter(([name]) => name.startsWith(prefix));
    return new Map(found.map(([name, values]) => [name.slice(prefix.length), values]));
  }

  /** The tracker of a name, made at its first use from what is remembered under it. Its draws are the memory's. */
  tracker(name: string, options: Omit<TrackerOptions, "rng">): EigenTracker {
    let tracker = this.trackers.get(name);
    if (!tracker) {
      tracker = new EigenTracker({ ...options, rng: this.generator });
      tracker.restore(this.under(`${name}.`));
      this.trackers.set(name, tracker);
    }
    return tracker;
  }

  /** Vectors that the tracker of a name, not made yet, begins with. */
  startFrom(name: string, vectors: readonly Float32Array[]): void {
    vectors.forEach((v, i) => this.set(`${name}.kept.${i}`, v));
  }

  /** Vectors that a tracker of this name read last, largest eigenvalue first. */
  vectorsOf(name: string): Float32Array[] {
    const state: TrackerState = this.trackers.get(name)?.state ?? this.under(`${name}.`);
    return [...state].filter(([key]) => key.startsWith("kept.")).map(([, v]) => v);
  }

  save(): SavedMemory {
    const tensors = new Map(this.tensors);
    for (const [name, tracker] of this.trackers) {
      for (const key of this.under(`${name}.`).keys()) tensors.delete(`${name}.${key}`);
      for (const [key, values] of tracker.state) tensors.set(`${name}.${key}`, values);
    }
    return { tensors, rng: this.generator.state };
  }

  /** Back to what was saved: after a reading that was abandoned, or in another process. */
  restore({ tensors, rng }: SavedMemory): void {
    this.tensors = new Map(tensors);
    this.trackers = new Map();
    this.generator = Rng.restore(rng);
  }
}
