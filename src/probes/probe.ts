// What a probe is: one measurement at a fixed point of the run, with the cost it declares.
import type { Curvature } from "../curvature/curvature";
import type { Experiment, ProbesSpec } from "../protocol/experiment";
import type { MetricValues } from "../protocol/metrics";
import type { Dynamics } from "../stability/thresholds";
import type { Gemm } from "../util/gemm";
import type { Rng } from "../util/rng";

/** The optimizer as it stands at θ: its linear dynamics (in the coordinates P^{1/2}θ when preconditioned) and the rate in force. */
export interface Descent extends Dynamics {
  readonly learningRate: number;
  /** P [d]; null where it is the identity. */
  readonly preconditioner: Float32Array | null;
  /** False where no optimizer state was there and P was made from the gradient at this point alone. */
  readonly settled: boolean;
}

/** What a probe sees: operators at the current θ, never the model. */
export interface ProbeContext {
  readonly experiment: Experiment;
  /** Training examples n, batch size B, outputs K. */
  readonly n: number;
  readonly batchSize: number;
  readonly outputs: number;
  /** Set to the current θ before a probe is asked. */
  readonly curvature: Curvature;
  /** The same network on a batch of its own, at the current θ; the next call moves it. */
  readonly onBatch: (indices: Uint32Array) => Promise<Curvature>;
  readonly gemm: Gemm;
  /** Set, as the point is, before a probe is asked. */
  descent: Descent;
  /** Training and test loss and accuracy at θ; `test` is null without test data, accuracies for regression. */
  readonly score: () => Promise<{ train: Score; test: Score | null }>;
}

export interface Score {
  readonly loss: number;
  readonly accuracy: number | null;
}

/** A probe at work in one run: it may keep what makes the next reading cheaper. */
export interface ActiveProbe {
  measure(context: ProbeContext): Promise<MetricValues>;
  /** Vectors [d] that make the next reading warm; a checkpoint keeps them. */
  readonly memory: readonly Float32Array[];
  recall(memory: readonly Float32Array[]): void;
}

export interface Probe {
  readonly id: keyof ProbesSpec;
  readonly label: string;
  /** Steps between readings, or undefined when the experiment does not ask for it. */
  every(experiment: Experiment): number | undefined;
  /** What one reading costs, in words for the panel. */
  readonly cost: string;
  start(experiment: Experiment, size: number, rng: Rng): ActiveProbe;
}
