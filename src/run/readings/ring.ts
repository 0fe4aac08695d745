// What training asks the readings' thread, in memory that both see: a ring of places, each for a request and the state it is about.
import type { Snapshot } from "../../trainers/basin/trainer";

/** Requests that wait for an answer at most. */
export const places = 64;

/** Milliseconds after which the other side looks for requests by itself: to wake a thread costs training more than to write a request. */
const lookEvery = 1;

/** Readings at a state; what the probes remember, told; what they are to go on from, which comes as a message. */
export type Request =
  | { readonly kind: "read"; readonly state: Snapshot }
  | { readonly kind: "tell" }
  | { readonly kind: "remember" };

const kinds = ["read", "tell", "remember"] as const;
/** Kind, step and count. */
const numbers = 3;
/** Where they begin, behind the counter, and where the vectors do. */
const headsAt = 8;
const vectorsAt = headsAt + 8 * numbers * places;

/** θ, gradient and slots. */
const vectorsOf = ({ slots }: Snapshot): number => 2 + slots.size;

/** Bytes of a ring for such states. */
export const ringBytes = (like: Snapshot): number =>
  vectorsAt + 4 * like.theta.length * vectorsOf(like) * places;

/** One side writes request i when the answer to i − 64 is there, the other reads them in order. */
export class RequestRing {
  readonly memory: SharedArrayBuffer;
  private readonly names: readonly string[];
  /** How many requests there were. */
  private readonly asked: Int32Array;
  private readonly heads: readonly Float64Array[];
  /** By place: θ, gradient and slots, each [d]. */
  private readonly vectors: readonly (readonly Float32Array[])[];

  /**
   * @param like    A state as those to come.
   * @param memory  The other side's; new by default.
   */
  constructor(like: Snapshot, memory = new SharedArrayBuffer(ringBytes(like))) {
    const d = like.theta.length;
    const each = vectorsOf(like);
    this.memory = memory;
    this.names = [...like.slots.keys()];
    this.asked = new Int32Array(memory, 0, 1);
    const all = Array.from({ length: places }, (_, i) => i);
    this.heads = all.map((i) => new Float64Array(memory, headsAt + 8 * numbers * i, numbers));
    this.vectors = all.map((i) =>
      Array.from({ length: each }, (_, j) => new Float32Array(memory, vectorsAt + 4 * d * (each * i + j), d)),
    );
  }

  /** Writes the next request. */
  put(request: Request): void {
    const i = this.asked[0];
    const head = this.heads[i % places];
    head[0] = kinds.indexOf(request.kind);
    if (request.kind === "read") {
      const { step, count, theta, gradient, slots } = request.state;
      head[1] = step;
      head[2] = count;
      const [ownTheta, ownGradient, ...own] = this.vectors[i % places];
      ownTheta.set(theta);
      ownGradient.set(gradient);
      this.names.forEach((name, j) => own[j].set(slots.get(name)!));
    }
    Atomics.store(this.asked, 0, i + 1);
  }

  /** Has the other side look at once, for somebody who waits. */
  wake(): void {
    Atomics.notify(this.asked, 0);
  }

  /** Whether request i is there. */
  has(i: number): boolean {
    return Atomics.load(this.asked, 0) > i;
  }

  /** Request i, once it is there: blocks this thread. Its state stays as it is until it is answered. */
  take(i: number): Request {
    while (!this.has(i)) Atomics.wait(this.asked, 0, i, lookEvery);
    const [kind, step, count] = this.heads[i % places];
    if (kinds[kind] !== "read") return { kind: kinds[kind] };
    const [theta, gradient, ...own] = this.vectors[i % places];
    const slots = new Map(this.names.map((name, j) => [name, own[j]] as const));
    return { kind: "read", state: { step, count, theta, gradient, slots } };
  }
}
