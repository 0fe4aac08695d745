// Which examples a step sees: batches drawn without replacement, an epoch a fresh permutation or each by itself, resumable at any step.
import { Rng, type RngState } from "./rng";

export interface SamplerState {
  /** State of the generator at the start of the current epoch; of independent batches each is one. */
  readonly epoch: RngState;
  /** Batches already taken from it. */
  readonly taken: number;
}

/** What is drawn, of how many, and how. */
export interface Sampling {
  /** Number of examples, n. */
  readonly n: number;
  /** Examples in a batch, B ≤ n. */
  readonly size: number;
  readonly sampling: "epochs" | "independent";
  /** Whether an epoch leaves out what is left of it when no whole batch is; else its last batch is a short one. Default true. */
  readonly dropLast?: boolean;
  readonly seed: number;
}

/**
 * Unless `dropLast` is false every batch has exactly B examples: the n mod B left at an epoch's end are not used in it, as PyTorch's
 * DataLoader does with drop_last, because the theory's noise factor p is that of one batch size.
 */
export class BatchSampler {
  private epoch: RngState;
  private order: Uint32Array;
  private taken: number;
  private readonly rng: Rng;

  constructor(
    private readonly how: Sampling,
    saved?: SamplerState,
  ) {
    this.rng = saved ? Rng.restore(saved.epoch) : new Rng(how.seed, "batches");
    this.epoch = this.rng.state;
    this.taken = saved?.taken ?? 0;
    this.order =
      how.sampling === "independent" ? Uint32Array.from({ length: how.n }, (_, i) => i) : this.permutation();
  }

  get state(): SamplerState {
    return { epoch: this.epoch, taken: this.taken };
  }

  /** Steps of an epoch. */
  get epochLength(): number {
    const { n, size, dropLast = true } = this.how;
    return dropLast ? Math.floor(n / size) : Math.ceil(n / size);
  }

  /** Indices of the next batch, [B]; good until the next call. */
  next(): Uint32Array {
    const { size, sampling } = this.how;
    if (sampling === "independent") return this.drawn();
    if (this.taken >= this.epochLength) {
      this.order = this.permutation();
      this.taken = 0;
    }
    const start = this.taken++ * size;
    return this.order.subarray(start, start + size);
  }

  private permutation(): Uint32Array {
    this.epoch = this.rng.state;
    return this.rng.permutation(this.how.n);
  }

  /**
   * B of n, every set as likely: the first B swaps of Fisher–Yates, undone afterwards so that a batch depends on the generator alone
   * and a resume needs nothing else. Costs O(B).
   */
  private drawn(): Uint32Array {
    const { n, size } = this.how;
    const { order, rng } = this;
    const partners = Uint32Array.from({ length: size }, (_, i) => i + rng.below(n - i));
    const swap = (i: number) => ([order[i], order[partners[i]]] = [order[partners[i]], order[i]]);
    for (let i = 0; i < size; i++) swap(i);
    const batch = order.slice(0, size);
    for (let i = size - 1; i >= 0; i--) swap(i);
    this.epoch = rng.state;
    this.taken = 0;
    return batch;
  }
}
