// What training asks the readings' thread and is answered, in memory that both see: a ring of places, each for a request, the state it is about and the numbers that were read there.
import type { Snapshot } from "../../trainers/basin/trainer";
import { mostNumbers } from "./forms";

/** Requests that wait for an answer at most. */
export const places = 64;

/** Milliseconds after which the other side looks for requests by itself: to wake a thread costs training more than to write a request. */
const lookEvery = 1;
/** Looks without a request after which it has time for something else: where training asks often it asks again before. */
const idleLooks = 20;

/** Readings at a state; what the probes remember, told; what they are to go on from, which comes as a message. */
export type Request =
  | { readonly kind: "read"; readonly state: Snapshot }
  | { readonly kind: "tell" }
  | { readonly kind: "remember" };

const kinds = ["read", "tell", "remember"] as const;
/** Counters: requests so far, answers so far, and the answer that training waits for. */
const [asked, answered, awaited] = [0, 1, 2];
const counters = 4;
/** Kind, step and count of a request; form and numbers of an answer. */
const headNumbers = 3;
const answerNumbers = 1 + mostNumbers;
/** Where they begin, behind the counters, and where the vectors do. */
const headsAt = 4 * counters;
const answersAt = headsAt + 8 * headNumbers * places;
const vectorsAt = answersAt + 8 * answerNumbers * places;

/** θ, gradient and slots. */
const vectorsOf = ({ slots }: Snapshot): number => 2 + slots.size;

/** Bytes of a ring for such states. */
export const ringBytes = (like: Snapshot): number =>
  vectorsAt + 4 * like.theta.length * vectorsOf(like) * places;

/** One side writes request i when it has read the answer to i − 64, the other reads requests and answers them in order. */
export class RequestRing {
  readonly memory: SharedArrayBuffer;
  private readonly names: readonly string[];
  private readonly counts: Int32Array;
  /** By place, as are those below. */
  private readonly heads: readonly Float64Array[];
  private readonly answers: readonly Float64Array[];
  private readonly numbers: readonly Float64Array[];
  /** θ, gradient and slots, each [d]. */
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
    this.counts = new Int32Array(memory, 0, counters);
    const all = Array.from({ length: places }, (_, i) => i);
    this.heads = all.map((i) => new Float64Array(memory, headsAt + 8 * headNumbers * i, headNumbers));
    this.answers = all.map((i) => new Float64Array(memory, answersAt + 8 * answerNumbers * i, answerNumbers));
    this.numbers = this.answers.map((answer) => answer.subarray(1));
    this.vectors = all.map((i) =>
      Array.from({ length: each }, (_, j) => new Float32Array(memory, vectorsAt + 4 * d * (each * i + j), d)),
    );
  }

  /** Writes the next request. */
  put(request: Request): void {
    const i = this.counts[asked];
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
    Atomics.store(this.counts, asked, i + 1);
  }

  /** Has the other side look at once, and say so when there are `count` answers. */
  await(count: number): void {
    Atomics.store(this.counts, awaited, count);
    Atomics.notify(this.counts, asked);
  }

  /** How many answers there are. */
  get answered(): number {
    return Atomics.load(this.counts, answered);
  }

  /** The form of answer i, which is there. */
  formOf(i: number): number {
    return this.answers[i % places][0];
  }

  /** The numbers of answer i. */
  numbersOf(i: number): Float64Array {
    return this.numbers[i % places];
  }

  /** Says that answer i is there, of that form: whether somebody waits for it. */
  answer(i: number, form: number): boolean {
    this.answers[i % places][0] = form;
    Atomics.store(this.counts, answered, i + 1);
    return Atomics.load(this.counts, awaited) === i + 1;
  }

  /**
   * Request i, once it is there: blocks this thread. Its state stays as it is until it is answered.
   * @param idle  Called where there is time for it.
   */
  take(i: number, idle: () => void): Request {
    for (let looks = 1; Atomics.load(this.counts, asked) === i; looks++) {
      const woken = Atomics.wait(this.counts, asked, i, lookEvery);
      if (woken === "timed-out" && looks === idleLooks) idle();
    }
    const [kind, step, count] = this.heads[i % places];
    if (kinds[kind] !== "read") return { kind: kinds[kind] };
    const [theta, gradient, ...own] = this.vectors[i % places];
    const slots = new Map(this.names.map((name, j) => [name, own[j]] as const));
    return { kind: "read", state: { step, count, theta, gradient, slots } };
  }
}
