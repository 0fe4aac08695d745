// Launchers: starting runs, and reading the folders they write. What CLI and extension share.
export { followRun, type Follower, type FollowHandlers } from "./follow";
export type { ProcessOptions, StopHow } from "./launcher";
export { submit, type MadeRun, type RunRequest } from "./newRun";
export { readLog } from "./runLog";
export { resumeRun, type ResumeOptions } from "./resume";
export { findRun, listRuns, readRun, runsDirOf, workspaceOf } from "./runs";
export type { RunRecord } from "./runState";
export { deleteRun, stopRun, stopRuns } from "./stop";
export { runQueue } from "./worker";
