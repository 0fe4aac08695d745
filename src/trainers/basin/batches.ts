// Which examples a step sees: batches drawn without replacement, an epoch a fresh permutation, resumable mid-epoch.
import { Rng, type RngState } from "../../util/rng";

export interface SamplerState {
  /** State of the generator at the start of the current epoch. */
  readonly epoch: RngState;
  /** Batches already taken from it. */
  readonly taken: number;
}

/**
 * Every batch has exactly B examples: the n mod B left at an epoch's end are not used in it, as PyTorch's
 * DataLoader does with drop_last, because the theory's noise factor p is that of one batch size.
 */
export class BatchSampler {
  private epoch: RngState;
  private order: Uint32Array;
  private taken = 0;
  private readonly rng: Rng;

  constructor(
    private readonly n: number,
    private readonly size: number,
    seed: number,
    state?: SamplerState,
  ) {
    this.rng = state ? Rng.restore(state.epoch) : new Rng(seed, "batches");
    this.epoch = this.rng.state;
    this.order = this.rng.permutation(n);
    this.taken = state?.taken ?? 0;
  }

  get state(): SamplerState {
    return { epoch: this.epoch, taken: this.taken };
  }

  /** Indices of the next batch, [B]. */
  next(): Uint32Array {
    if ((this.taken + 1) * this.size > this.n) {
      this.epoch = this.rng.state;
      this.order = this.rng.permutation(this.n);
      this.taken = 0;
    }
    const start = this.taken++ * this.size;
    return this.order.subarray(start, start + this.size);
  }
}

/** Copies rows of a row-major matrix: out[i] = rows[indices[i]]. */
export function gather(rows: Float32Array, width: number, indices: Uint32Array, out: Float32Array): void {
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i] * width;
    out.set(rows.subarray(from, from + width), i * width);
  }
}
