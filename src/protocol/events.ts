// The event log of a run, `events.jsonl`: one object a line, append-only, written by one process, read by everyone.
import type { Kink } from "./kinks";
import type { MetricInfo } from "../types/metricInfo";
import type { Cost, How } from "../types/reading";
import type { MetricValues } from "./metrics";

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
      /** Examples that the readings are of, where they are a sample of all of them. */
      readonly held?: number;
      /** Steps after which the run stops at the latest. */
      readonly steps: number;
      readonly resumedAt?: number;
      /** What the metrics are that the contract does not name: so that old logs and a script's own metrics stay readable. */
      readonly metrics?: readonly MetricInfo[];
      /** The optimizer's dynamics at a minimum, what thresholds take (`Dynamics` of stability/), and whether in P^{1/2}θ. */
      readonly dynamics?: {
        readonly preconditioned: boolean;
        readonly momentum?: number;
        readonly nesterov?: boolean;
        readonly gain?: number;
        readonly weightDecay?: number;
        readonly decoupledDecay?: number;
        readonly radius?: number;
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
      readonly cost?: Cost;
      /** How a metric was measured, written where it is not as it was at its reading before. */
      readonly how?: Readonly<Record<string, Measured>>;
      /** The readings of this probe before this one that are not written yet, packed: only where they come thick and fast. */
      readonly earlier?: Earlier;
    }
  /** The process lives; written where nothing else was for a while, for readers on another machine. Seconds of training. */
  | { readonly kind: "heartbeat"; readonly time: number }
  | { readonly kind: "checkpoint"; readonly step: number; readonly file: string }
  | { readonly kind: "diverged"; readonly step: number; readonly what: "loss" | "parameters" | "gradient" }
  /** The measurement at the last point is under way: what it is at, and how many of its parts are done. */
  | {
      readonly kind: "closing";
      readonly step: number;
      readonly what: string;
      readonly done: number;
      readonly of: number;
    }
  /** Something worth telling that ends nothing, e.g. a probe that could not be taken. */
  | { readonly kind: "note"; readonly step: number; readonly message: string }
  | {
      readonly kind: "end";
      readonly step: number;
      readonly time: number;
      readonly reason: EndReason;
      /** What a script of the user's own raised, and where in it. */
      readonly error?: ScriptError;
    };

export interface ScriptError {
  /** The last line of the traceback: "ValueError: shapes differ". */
  readonly message: string;
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
}

/** How a number came about, and by what, in words. */
export interface Measured {
  readonly how: How;
  readonly method: string;
}

/** Readings in columns, one entry a reading; steps ascend. On disk the columns are shorter: record/packColumns.ts. */
export interface Earlier {
  readonly steps: readonly number[];
  /** Seconds of training at the first and the last of them. */
  readonly times: readonly [first: number, last: number];
  readonly values: Readonly<Record<string, readonly (number | readonly number[])[]>>;
  /** Of all of them together, where a probe measured them. */
  readonly cost?: Cost;
}

/** Why a run ended: a stop condition, divergence, a signal, or an error (whose text is in `run.log`). */
export type EndReason = "steps" | "trainLoss" | "minutes" | "diverged" | "interrupted" | "error";
