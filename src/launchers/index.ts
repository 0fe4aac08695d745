// Launchers: starting runs, and reading the folders they write. What CLI and extension share.
export { followRun, type Follower } from "../record/disk/follow";
export type { ProcessOptions } from "./launcher";
export { submit, type MadeRun } from "./newRun";
export { readLog } from "./runLog";
export { submitBranch, type BranchOptions } from "./branch";
export { stepIn, withSettings } from "./otherSettings";
export { resumeRun } from "./resume";
export { findRun, listRuns, readRun, runsDirOf, workspaceOf } from "../record/disk/catalog";
export { forPicture, RunReader } from "../record/disk/runReader";
export type { RunRecord } from "../record/runRecord";
export { changeNote } from "../record/disk/notes";
export { deleteRun, stopRun, stopRuns } from "./stop";
export { runQueue } from "./worker";
export { checkLaunch } from "./launch";
export { JobPoll } from "./slurm/poll";
