// Where a run is that a scheduler has under its care, or how it ended there: one home for every surface's words. Pure.
import { isActive, type RunStatus } from "../types/runStatus";
import type { Claim } from "./claim";
import { endWords, jobName, jobWords, type Job } from "./jobs";

export interface RunPlace {
  /** The job's name for Slurm's own commands, "41_3". */
  readonly job: string;
  /** "on n3 · 1:02:03 left", "waits for free nodes", "took more memory than its job asked for". */
  readonly says: string;
}

/** @param job  What the scheduler said when it was last asked. null for a run of no scheduler, or that said itself how it ended. */
export function placeOf(claim: Claim | null, job: Job | undefined, status: RunStatus): RunPlace | null {
  if (claim?.handle?.on !== "slurm") return null;
  const name = jobName(claim.handle);
  if (claim.lost !== undefined)
    return status === "died" || status === "interrupted" ? { job: name, says: endWords(claim.lost) } : null;
  if (!isActive(status)) return null;
  if (!job) return { job: name, says: status === "running" ? `on ${claim.host}` : `job ${name}` };
  if (status === "unknown") return { job: name, says: `no sign of life from ${job.nodes || "its node"}` };
  // The log is quicker than the scheduler's last word.
  const life = status === "running" ? "running" : job.life;
  return { job: name, says: jobWords({ ...job, life }) };
}
