// The seam between a run and where its process lives. A launcher is one file and a line in `launchers`.
import type { UserError } from "../protocol/errors";
import type { Experiment } from "../protocol/experiment";
import type { Handle } from "../types/handle";

/** What a launcher is given: a folder whose run.json is the whole request, claimed for the process that it starts. */
export interface Job {
  readonly folder: string;
  readonly command: "start" | "resume";
  /** Number of the claim in the folder, which the process takes over. */
  readonly claim: number;
}

/** How the processes of Basin are started. */
export interface ProcessOptions {
  /** The run bundle, dist/run.js. */
  readonly runScript: string;
  /** The queue's bundle, dist/queue.js. */
  readonly queueScript: string;
  /** The Node to run them with; ours by default. */
  readonly execPath?: string;
  /** Their whole environment; ours by default. */
  readonly env?: NodeJS.ProcessEnv;
}

/** `unknown`: nobody can tell from here. */
type HandleState = "queued" | "running" | "gone" | "unknown";

/** `ask`: end the step, judge, exit. `now`: end at once; the folder stays readable and the run can be resumed. */
export type StopHow = "ask" | "now";

export interface Launcher {
  readonly id: Handle["on"];
  /** Starts the process; it outlives this one. @throws Error when it cannot be started. */
  start(job: Job, how: ProcessOptions): Promise<Handle>;
  state(handle: Handle): Promise<HandleState>;
  /** Reaches the process itself. False where it is not certain that it is this folder's run: then nothing was sent. */
  stop?(handle: Handle, folder: string, how: StopHow): Promise<boolean>;
  /** Of a launcher with a queue of its own: it is given all runs of a submission at once. For each of them where it is, or why it was refused. */
  startTogether?(jobs: readonly Job[], how: ProcessOptions): Promise<(Handle | UserError)[]>;
  /** Before anything is made. @throws UserError for runs that it would refuse. */
  check?(runs: readonly Launchable[], env?: NodeJS.ProcessEnv): Promise<void>;
  /** Stops runs that only the launcher can tell apart into those that wait and those that train; `perform` says in the folder what is done. */
  stopTogether?(
    targets: readonly { readonly folder: string; readonly handle: Handle }[],
    how: StopHow,
    perform: (folder: string, deed: StopDeed) => void,
  ): Promise<void>;
}

/** What a launcher may be asked about before there is a folder. */
export interface Launchable {
  readonly experiment: Experiment;
  readonly file: string;
}

/** `cancel`: the run waits, and is claimed so that nobody starts it. `word`: it trains, and finds a word in its folder. */
export type StopDeed = "cancel" | "word" | "gone";
