// What `measure`, `escape`, `explore` and `suggest` ask of a run process, as JSON over its standard input. A run's own request is its `run.json`.
import type { Experiment } from "./experiment";
import type { Branching } from "./runFolder";

/** For `explore`: steps of each branch, and the settings to combine; those that are not named are chosen. */
export interface ExploreRequest {
  readonly steps: number;
  readonly rates?: readonly number[];
  readonly batches?: readonly (number | "full")[];
  readonly momenta?: readonly number[];
}

export interface MeasureRequest {
  readonly experiment: Experiment;
  /** Absolute path of the experiment file; relative paths in it start at its folder. */
  readonly file: string;
  /** For `escape`, `explore` and `explain`: the run folder, and for the first two the step of the checkpoint it starts from. */
  readonly from?: Branching;
  /** For `escape`: restarts, and steps of each. */
  readonly escape?: { readonly seeds: number; readonly steps: number };
  readonly explore?: ExploreRequest;
  /** For `explain`: a step at or near the spike in question. Default: the largest spike. */
  readonly near?: number;
  /** For `suggest`: steps of the training that the rate is for. Default: those of the experiment. */
  readonly steps?: number;
  /** For `measure`: a safetensors file, absolute, that takes the place of the experiment's own. */
  readonly weights?: string;
  /** For `measure`: a safetensors file, absolute, with the state of a preconditioned optimizer. */
  readonly optimizerState?: string;
}
