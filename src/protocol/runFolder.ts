// Names inside a run folder, `.basin/runs/<run-id>/`, and the shape of its `run.json`.
import type { Handle } from "../types/handle";
import type { Experiment } from "./experiment";

export const runsFolder = ".basin/runs";
/** Beside a runs folder: what people add to its runs, `<run-id>.json` each. */
export const notesFolder = "notes";
export const files = {
  run: "run.json",
  events: "events.jsonl",
  verdict: "verdict.json",
  log: "run.log",
  checkpoints: "checkpoints",
  processes: "processes",
  /** Of a PyTorch run: what the stability code needs, and what it made of it. */
  factors: "factors",
  judgements: "judgements.jsonl",
} as const;

/** A file of this name asks the run to stop, where no signal reaches it; with the word `now` in it, at once. */
export const stopFile = "stop";

/** A script that ends by itself when it is asked to makes this file: it is given more time then. */
export const stoppingFile = "stopping";

/** The run and step that a branch started from, and the folder it lay in then. */
export interface Branching {
  readonly run: string;
  readonly step: number;
  readonly folder: string;
}

/** A run's place in the runs submitted together. */
export interface SweepPlace {
  /** The same for all of them; sorts by the time they were submitted. */
  readonly id: string;
  /** From 1. */
  readonly index: number;
  readonly of: number;
}

/**
 * `run.json`: written whole by the launcher, as the request to the run's process; written anew by that process, which adds where
 * it runs, and by each resume.
 */
export interface RunInfo {
  readonly schema: 1;
  /** Name of the folder when it was made. What tells runs apart is the folder: a copied one keeps this. */
  readonly id: string;
  /** The experiment as resolved: defaults, `--set` and sweep point filled in. */
  readonly experiment: Experiment;
  /** Absolute path of the experiment file the run came from. */
  readonly file: string;
  /** What `--set` or the sweep changed, key path → value. */
  readonly overrides: Readonly<Record<string, unknown>>;
  /** The tensors that are trained, "name [shape]"; written by the run's process. */
  readonly trained?: readonly string[];
  /** Absent for a run submitted alone. */
  readonly sweep?: SweepPlace;
  readonly branchedFrom?: Branching;
  readonly created: string;
  /** Where its process is, or was last; null until there has been one. */
  readonly handle: Handle | null;
  readonly resumed: readonly { readonly at: string; readonly step: number }[];
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: {
    readonly platform: string;
    readonly cpu: string;
    readonly cores: number;
    readonly memory: number;
    readonly host: string;
  };
  readonly git: { readonly commit: string; readonly dirty: boolean } | null;
  /** Proves that this user queued this run here: a queued run that came with a clone is not started by itself. */
  readonly ticket?: string;
}
