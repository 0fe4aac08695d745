// Starting runs and following them: the one way in for the editor and the command line.
export { readEvents, followRun, type Follower, type RunListener } from "./follow";
export { parseEvent } from "./eventTail";
export { deleteRun, resumeRun, startRun, stopRun, type ProcessOptions, type StartedRun } from "./local";
export { isAlive, processStart } from "./processStart";
export { findRun, listRuns, readRun, readVerdict, runsDirOf, workspaceOf, type RunRecord } from "./runs";
