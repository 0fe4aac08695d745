// What a run is doing, from what its folder says: the one rule every surface shares.
import type { EndReason } from "../protocol/events";
import type { RunStatus } from "../types/runStatus";
import { wasCancelled } from "./jobs";

export interface Evidence {
  /** What the newest claim on the folder says; null where nobody has claimed it. */
  readonly claim: {
    readonly starting?: true;
    readonly exit?: number;
    readonly cancelled?: true;
    readonly lost?: string;
  } | null;
  /** Whether the claim's process lives; `elsewhere` where this machine cannot tell. */
  readonly life: "alive" | "gone" | "elsewhere";
  /** Headers in the log: none before the first process has reported. */
  readonly headers: number;
  /** How the log ends since its last header. */
  readonly end: EndReason | null;
  /** Whether the folder was seen to change a short while ago: the only sign of life from another machine. */
  readonly changes: boolean;
  /** What a scheduler said of its job when it was last asked; null where it has none, or nobody has asked. */
  readonly job?: "queued" | "running" | null;
  /** Whether the folder was watched for so long without a change that a process would have given a sign of life. */
  readonly quiet?: boolean;
}

/** `queued` in place of a status where a launcher died before it had started anything: the run still waits for its turn. */
export function statusFrom(evidence: Evidence): RunStatus {
  const { claim, life, headers, end, changes } = evidence;
  const asEnded = end === null ? null : (statusOfEnd[end] ?? "failed");
  const nothingYet = headers === 0 && end === null;
  if (!claim) return asEnded ?? (nothingYet ? "queued" : "died");
  if (life === "alive") return "running";
  if (life === "elsewhere")
    return scheduled(evidence, nothingYet) ?? (changes ? "running" : (asEnded ?? "unknown"));
  if (claim.cancelled) return "interrupted";
  if (claim.starting && claim.exit === undefined && nothingYet) return "queued";
  if (asEnded) return asEnded;
  if (claim.lost !== undefined && wasCancelled(claim.lost)) return "interrupted";
  if (claim.exit === undefined) return "died";
  return claim.exit === interruptedExit ? "interrupted" : "failed";
}

/**
 * Of a run whose scheduler was asked: it may have said so a while ago, so that a log that grows counts for more. A log that has ended
 * says that the process has left its place, not that its job has ended.
 */
function scheduled({ end, changes, job, quiet }: Evidence, nothingYet: boolean): RunStatus | null {
  if (!job) return null;
  if (changes && end === null) return "running";
  if (job === "queued") return "queued";
  return quiet === true && !nothingYet ? "unknown" : "running";
}

/** Exit status of a run process that was asked to stop. */
const interruptedExit = 130;

const statusOfEnd: Readonly<Record<EndReason, RunStatus>> = {
  steps: "finished",
  trainLoss: "finished",
  minutes: "finished",
  diverged: "diverged",
  interrupted: "interrupted",
  error: "failed",
};
