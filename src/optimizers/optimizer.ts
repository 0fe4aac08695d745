// What an optimizer is: state beside θ, an in-place update of both, and what linear stability sees of it.
import type { OptimizerSpec } from "../protocol/experiment";
import type { OptimizerFragment } from "../protocol/fragment";
import type { Dynamics } from "../stability/thresholds";

/** One update: what it changes, θ and the state, and what it changes them by. All vectors [d]. */
export interface Step {
  /** Of this step, schedule applied. */
  readonly learningRate: number;
  readonly theta: Float32Array;
  readonly gradient: Float32Array;
  /** In the order of the optimizer's `slots`. */
  readonly state: readonly Float32Array[];
  /** Updates this state has seen before; bias corrections depend on it. */
  readonly count: number;
}

/** One optimizer of the registry, a plain record. */
export interface Optimizer<Spec extends OptimizerSpec = OptimizerSpec> {
  readonly kind: Spec["kind"];
  /** Its keys in an experiment, and what is said of it. */
  readonly spec: OptimizerFragment;
  /** Names of the state vectors, each as long as θ; they start at zero. */
  slots(spec: Spec): readonly string[];
  /** Updates θ and the state in place, as PyTorch does to float32 accuracy. */
  update(spec: Spec, step: Step): void;
  /** The linear dynamics at a minimum; for a preconditioned optimizer those in the coordinates P^{1/2}θ. */
  dynamics(spec: Spec): Dynamics;
  /** Absent where P = I. */
  readonly preconditioner?: {
    /** Slot of the running mean square of the gradient. */
    readonly slot: string;
    /** Writes P [d] for a state after `count` > 0 updates. */
    write(spec: Spec, square: Float32Array, count: number, into: Float32Array): void;
  };
  /**
   * The parts of the state that the central flow carries along; null where no flow is known at these settings, and absent where none is
   * at all. Momentum's velocity by its slot, and the decay of the preconditioner's mean square.
   */
  centralFlow?(spec: Spec): { readonly velocity?: string; readonly decay?: number } | null;
  /** Variants the sweep tests draw from, beside the defaults. */
  readonly samples: readonly Partial<Spec>[];
}
