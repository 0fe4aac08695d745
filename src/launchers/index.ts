// Launchers: starting runs, and reading the folders they write. What CLI and extension share.
export { effectiveEvents, followRun, readEvents, type Follower, type FollowHandlers } from "./follow";
export {
  deleteRun,
  readLog,
  resumeRun,
  startRun,
  stopRun,
  type ProcessOptions,
  type StartedRun,
  type StartOptions,
} from "./local";
export { isAlive, processStartOf } from "./processStart";
export { findRun, listRuns, readRun, runsDirOf, workspaceOf } from "./runs";
export type { RunRecord } from "./runState";
