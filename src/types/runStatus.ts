// What a run is doing, the same words on every surface.

/**
 * `queued` waits for its turn; `running` has a live process, or one elsewhere whose log grows; `died` has no end and no process
 * (a resume goes on); `unknown` has a process on another machine that has not been heard of.
 */
export type RunStatus =
  "queued" | "running" | "finished" | "diverged" | "interrupted" | "died" | "failed" | "unknown";

/** In words, for lists and headings. */
export const statusWords: Readonly<Record<RunStatus, string>> = {
  queued: "waiting",
  running: "training",
  finished: "finished",
  diverged: "diverged",
  interrupted: "stopped",
  died: "process gone",
  failed: "failed",
  unknown: "not heard of",
};

/** Those that may still change without anyone doing anything. */
export const isActive = (status: RunStatus): boolean =>
  status === "queued" || status === "running" || status === "unknown";

/** Those that `resume` can go on from. */
export const isResumable = (status: RunStatus): boolean =>
  status === "interrupted" || status === "died" || status === "failed";
