// Names inside a run folder, `.basin/runs/<run-id>/`, and the shape of its `run.json`.
import type { Experiment } from "./experiment";

export const runsFolder = ".basin/runs";
export const files = {
  run: "run.json",
  events: "events.jsonl",
  verdict: "verdict.json",
  log: "run.log",
  checkpoints: "checkpoints",
} as const;

/** The run and step that a branch started from. */
export interface Branching {
  readonly run: string;
  readonly step: number;
}

/** `run.json`: written once at the start; `pid` and `resumed` are rewritten by a resume. */
export interface RunInfo {
  readonly schema: 1;
  readonly id: string;
  /** The experiment as resolved: defaults, `--set` and sweep point filled in. */
  readonly experiment: Experiment;
  /** Absolute path of the experiment file the run came from, and the same relative to the runs folder's workspace. */
  readonly file: string;
  /** What `--set` or the sweep changed, key path → value. */
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly branchedFrom?: Branching;
  readonly created: string;
  readonly pid: number;
  /** Distinguishes this process from a later one with the same pid: its start time as the system tells it, or "". */
  readonly processStarted: string;
  readonly resumed: readonly { readonly at: string; readonly step: number }[];
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: {
    readonly platform: string;
    readonly cpu: string;
    readonly cores: number;
    readonly memory: number;
  };
  readonly git: { readonly commit: string; readonly dirty: boolean } | null;
}

/** `running` needs a live process; `died` is a folder without an end event whose process is gone (resume goes on). */
export type RunStatus = "running" | "finished" | "diverged" | "interrupted" | "died" | "failed";
