// What happened at a spike of the loss: along which eigenvector, in which parameters, driven by which examples.

/** A stretch in which the training loss rose far out of its course. */
export interface Spike {
  /** Step of the last loss logged before the rise. */
  readonly from: number;
  /** Step of the largest loss. */
  readonly peak: number;
  /** Median of the losses before it. */
  readonly loss: number;
  /** Infinity where the run diverged. */
  readonly peakLoss: number;
}

export interface Explanation {
  readonly spike: Spike;
  /** The top eigenvalues at step `spike.from`, descending; of the preconditioned Hessian where the optimizer is preconditioned. */
  readonly directions: readonly {
    readonly eigenvalue: number;
    readonly error: number;
    /** Of the squared displacement during the rise. */
    readonly share: number;
  }[];
  /** Along which of them the displacement c raised the loss most, by λc²/2; what follows is of its unit eigenvector v. */
  readonly direction: number;
  readonly preconditioned: boolean;
  /** The eigenvalue that the learning rate bears there; NaN where it is not known. */
  readonly limit: number;
  /** Parameter tensors by their share of ‖v‖², largest first. */
  readonly parameters: readonly { readonly name: string; readonly share: number }[];
  /** Training examples that drive it, by the sum of their two shares. */
  readonly examples: readonly {
    /** Counted from 0. */
    readonly example: number;
    /** ∇Lᵢᵀv over Σ |∇Lⱼᵀv|, negative where it pulls against the sum. */
    readonly gradient: number;
    /** vᵀGᵢGᵢᵀv over Σ vᵀGⱼGⱼᵀv. */
    readonly curvature: number;
  }[];
  /** Training examples there are. */
  readonly of: number;
}
