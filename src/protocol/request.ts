// What a launcher asks of a run process: one point of one experiment, fully resolved. Passed as JSON on its command line.
import type { Branching } from "./runFolder";
import type { Experiment } from "./experiment";

export interface RunRequest {
  /** Run id, which is also the name of the run folder. */
  readonly id: string;
  readonly experiment: Experiment;
  /** Absolute path of the experiment file; relative paths in it start at its folder. */
  readonly file: string;
  /** What `--set` or the sweep changed, key path → value. */
  readonly overrides: Readonly<Record<string, unknown>>;
  /** For a branch: the run folder and the step of the checkpoint it starts from. */
  readonly from?: Branching & { readonly folder: string };
  /** For `escape`: restarts, and steps of each. */
  readonly escape?: { readonly seeds: number; readonly steps: number };
  /** For `measure`: a safetensors file, absolute, that takes the place of the experiment's own. */
  readonly weights?: string;
}
