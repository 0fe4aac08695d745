// How rare the bursts of a run are that a typical run comes back from: the power of the tail of its distance from the minimum.
import { Breather } from "../util/breather";
import { Rng } from "../util/rng";
import { standardError } from "./batchMeans";
import { drawnFrom, type Factors } from "./secondMoment";
import type { Estimate } from "./typical";

export interface TailOptions {
  readonly learningRate: number;
  readonly batchSize: number;
  /** Default 0. */
  readonly seed?: number;
  /** Walkers side by side, and steps of them that are counted. Defaults 200 and 480: a standard error of some percent. */
  readonly walkers?: number;
  readonly steps?: number;
  /** Whether to end with nothing. */
  readonly over?: () => boolean;
}

/** Steps before those that are counted, as a share of them; blocks of those, from which the error comes. */
const [settling, blocks] = [0.2, 16];
/** Powers beyond this are no tail that anyone would see. */
const largest = 32;
/** Halvings of the bracket around the root, and the distance over which the slope there is taken, relatively. */
const [halvings, apart] = [8, 0.15];

/** Walkers that multiply by ‖δ‖^q and are drawn again by it: their mean growth is that of E‖δ‖^q. */
class Walkers {
  private readonly rng: Rng;
  private states: Float64Array;
  private spare: Float64Array;
  private readonly weights: Float64Array;
  private readonly batch: Uint32Array;
  private readonly order: Uint32Array;

  constructor(
    private readonly factors: Factors,
    private readonly count: number,
    { batchSize, seed = 0 }: TailOptions,
  ) {
    this.rng = new Rng(seed, "tail");
    this.states = Float64Array.from({ length: count * factors.r }, () => this.rng.normal());
    this.spare = new Float64Array(count * factors.r);
    this.weights = new Float64Array(count);
    this.batch = new Uint32Array(batchSize);
    this.order = Uint32Array.from({ length: factors.n }, (_, i) => i);
  }

  /** One step of all; returns ln of the mean of ‖Mδ‖^q/‖δ‖^q. Costs 4BKr flops a walker. */
  step(eta: number, q: number): number {
    const { count, weights } = this;
    const { r } = this.factors;
    let total = 0;
    for (let w = 0; w < count; w++) {
      const state = this.states.subarray(w * r, (w + 1) * r);
      const before = lengthOf(state);
      this.move(state, eta);
      weights[w] = (lengthOf(state) / before) ** q;
      total += weights[w];
      scaleTo1(state);
    }
    this.draw(total);
    return Math.log(total / count);
  }

  /** δ ← (I − ηH_B)δ for a batch drawn anew, without replacement inside it. */
  private move(state: Float64Array, eta: number): void {
    const { K, r, A, n } = this.factors;
    const { batch, order, rng } = this;
    for (let b = 0; b < batch.length; b++) {
      const j = b + Math.floor(rng.uniform() * (n - b));
      [order[b], order[j]] = [order[j], order[b]];
      batch[b] = order[b];
    }
    const pulls = new Float64Array(batch.length * K);
    for (let s = 0; s < pulls.length; s++) {
      const row = (batch[Math.floor(s / K)] * K + (s % K)) * r;
      for (let a = 0; a < r; a++) pulls[s] += A[row + a] * state[a];
    }
    for (let s = 0; s < pulls.length; s++) {
      const row = (batch[Math.floor(s / K)] * K + (s % K)) * r;
      const share = (eta / batch.length) * pulls[s];
      for (let a = 0; a < r; a++) state[a] -= share * A[row + a];
    }
  }

  /** Systematic resampling by the weights, which add up to `total`. */
  private draw(total: number): void {
    const { count, weights, states, spare } = this;
    const { r } = this.factors;
    const unit = total / count;
    let [at, from] = [this.rng.uniform() * unit, 0];
    let sum = weights[0];
    for (let w = 0; w < count; w++, at += unit) {
      while (sum < at && from < count - 1) sum += weights[++from];
      spare.set(states.subarray(from * r, (from + 1) * r), w * r);
    }
    [this.states, this.spare] = [spare, states];
  }
}

function lengthOf(state: Float64Array): number {
  let square = 0;
  for (let a = 0; a < state.length; a++) square += state[a] * state[a];
  return Math.sqrt(square);
}

function scaleTo1(state: Float64Array): void {
  const length = lengthOf(state);
  if (length > 0) for (let a = 0; a < state.length; a++) state[a] /= length;
}

/** Multiplications of a tail index, about. */
export const tailWork = ({ K, r }: Factors, batchSize: number): number => 3e6 * batchSize * K * r;

/**
 * The tail index q* > 0 of SGD with batches drawn independently, at which E‖δ‖^q neither grows nor shrinks: g(q*) = 0 for the moment
 * Lyapunov function g(q) = lim (1/t) ln E‖δ_t‖^q, which is convex with g(0) = 0, g′(0) = ℓ and g(2) = ln ρ. Noise that keeps the run
 * from coming to rest gives its distance the tail P(‖δ‖ > x) ∝ x^{−q*}: below 2 it has no variance.
 *
 * The same batches at every q make the search for the root smooth; its standard error is that of g over its slope. Costs
 * `tailWork` multiplications.
 *
 * @returns  null where it is not defined (ℓ ≥ 0: nothing comes back; or no moment up to the 32nd grows), or the time was over.
 * @source Kesten 1973; theory.md, section 11; walkers: "go with the winners", Grassberger 2002.
 */
export async function tailIndex(factors: Factors, options: TailOptions): Promise<Estimate | null> {
  const { walkers = 200, steps = 480, learningRate, batchSize, over = () => false } = options;
  if (factors.r === 0 || batchSize >= drawnFrom(factors) || drawnFrom(factors) !== factors.n) return null;
  const breather = new Breather();
  let ended = false;
  const growthAt = async (q: number): Promise<Estimate> => {
    const all = new Walkers(factors, walkers, options);
    const span = Math.max(1, Math.round(steps / blocks));
    const means: number[] = [];
    for (let t = 0; t < settling * steps; t++) all.step(learningRate, q);
    for (let block = 0; block < blocks && !ended; block++) {
      let sum = 0;
      for (let t = 0; t < span; t++) sum += all.step(learningRate, q);
      means.push(sum / span);
      const pause = breather.breathe();
      if (pause) await pause;
      ended = over();
    }
    return { value: means.reduce((sum, x) => sum + x, 0) / means.length, error: standardError(means) };
  };
  // A run that does not come back by more than the error has no tail.
  const least = await growthAt(1 / 16);
  if (ended || !(least.value < -2 * least.error)) return null;
  let [low, high] = [1 / 16, 1];
  while (!ended && (await growthAt(high)).value <= 0) {
    [low, high] = [high, 2 * high];
    if (high > largest) return null;
  }
  for (let i = 0; i < halvings && !ended; i++) {
    const middle = Math.sqrt(low * high);
    if ((await growthAt(middle)).value > 0) high = middle;
    else low = middle;
  }
  const value = Math.sqrt(low * high);
  const [here, beyond] = [await growthAt(value), await growthAt(value * (1 + apart))];
  const slope = (beyond.value - here.value) / (apart * value);
  return ended || !(slope > 0) ? null : { value, error: here.error / slope };
}
