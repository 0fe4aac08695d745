// What a run is doing, from what its folder says: the one rule every surface shares.
import type { EndReason } from "../protocol/events";
import type { RunStatus } from "../types/runStatus";

export interface Evidence {
  /** What the newest claim on the folder says; null where nobody has claimed it. */
  readonly claim: { readonly starting?: true; readonly exit?: number; readonly cancelled?: true } | null;
  /** Whether the claim's process lives; `elsewhere` where this machine cannot tell. */
  readonly life: "alive" | "gone" | "elsewhere";
  /** Headers in the log: none before the first process has reported. */
  readonly headers: number;
  /** How the log ends since its last header. */
  readonly end: EndReason | null;
  /** Whether the folder was seen to change a short while ago: the only sign of life from another machine. */
  readonly changes: boolean;
}

/** `queued` in place of a status where a launcher died before it had started anything: the run still waits for its turn. */
export function statusFrom({ claim, life, headers, end, changes }: Evidence): RunStatus {
  const asEnded = end === null ? null : (statusOfEnd[end] ?? "failed");
  const nothingYet = headers === 0 && end === null;
  if (!claim) return asEnded ?? (nothingYet ? "queued" : "died");
  if (life === "alive") return "running";
  if (life === "elsewhere") return changes ? "running" : (asEnded ?? "unknown");
  if (claim.cancelled) return "interrupted";
  if (claim.starting && claim.exit === undefined && nothingYet) return "queued";
  if (asEnded) return asEnded;
  if (claim.exit === undefined) return "died";
  return claim.exit === interruptedExit ? "interrupted" : "failed";
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
