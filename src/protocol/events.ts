// The event log of a run, `events.jsonl`: one object a line, append-only, written by one process, read by everyone.
import type { Kink } from "./kinks";
import type { MetricValues } from "./metrics";

/** Cost of one reading. A product is one Hessian- or Gauss–Newton-vector product over the whole training set. */
export interface ProbeCost {
  readonly products: number;
  readonly seconds: number;
}

export type RunEvent =
  /** First line. `resumedAt` is set on the header a resumed process appends. */
  | {
      readonly kind: "header";
      readonly schema: 1;
      readonly id: string;
      readonly name: string;
      readonly parameters: number;
      readonly examples: number;
      readonly outputs: number;
      readonly engine: string;
      readonly probes: readonly string[];
      /** Names of the layers, in the order of `sharpness.layers`. */
      readonly layers?: readonly string[];
      /** Kinds of kinks the network has. */
      readonly kinks?: readonly Kink[];
      /** Steps after which the run stops at the latest. */
      readonly steps: number;
      readonly resumedAt?: number;
      /** The optimizer's dynamics at a minimum, what thresholds take (`Dynamics` of stability/), and whether in P^{1/2}θ. */
      readonly dynamics?: {
        readonly preconditioned: boolean;
        readonly momentum?: number;
        readonly nesterov?: boolean;
        readonly gain?: number;
        readonly weightDecay?: number;
        readonly decoupledDecay?: number;
      };
    }
  /** Any subset of the contract's metrics at a step. `time` is seconds of training so far. */
  | {
      readonly kind: "metrics";
      readonly step: number;
      readonly time: number;
      readonly values: MetricValues;
      /** Set when a probe measured these: its id and cost; absent for the loop's own loss. */
      readonly probe?: string;
      readonly cost?: ProbeCost;
    }
  | { readonly kind: "checkpoint"; readonly step: number; readonly file: string }
  | { readonly kind: "diverged"; readonly step: number; readonly what: "loss" | "parameters" | "gradient" }
  /** Something worth telling that ends nothing, e.g. a probe that could not be taken. */
  | { readonly kind: "note"; readonly step: number; readonly message: string }
  | { readonly kind: "end"; readonly step: number; readonly time: number; readonly reason: EndReason };

/** Why a run ended: a stop condition, divergence, a signal, or an error (whose text is in `run.log`). */
export type EndReason = "steps" | "trainLoss" | "minutes" | "diverged" | "interrupted" | "error";
