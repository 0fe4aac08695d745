// What a cluster's scheduler said of its jobs when it was last asked, kept beside the runs (`slurm/jobs.json`), and in which words it is shown. Pure.
import type { Handle } from "../types/handle";
import { isRaw, isStep, textOr } from "./decode";

/** In the runs folder: batch scripts, and what the scheduler said last. A folder without a run.json is no run. */
export const slurmFolder = "slurm";
export const jobsFile = "jobs.json";
/** No such file has more bytes: ten thousand jobs of some hundred bytes. */
export const largestJobs = 8 * 2 ** 20;

/** A job that waits or runs, as the scheduler told it. */
export interface Job {
  /** Slurm's word, "PENDING". */
  readonly state: string;
  readonly life: "queued" | "running";
  /** Why it waits, in Slurm's word; "" where none is told. */
  readonly reason: string;
  /** Where it runs; "" while it does not. */
  readonly nodes: string;
  /** Time until its limit as Slurm writes it, "1-02:03:04"; "" where it has none. */
  readonly left: string;
  /** How often it was put back into the queue. */
  readonly restarts: number;
}

/** By the job's name, "41_3". */
export type Jobs = ReadonlyMap<string, Job>;

export type SlurmHandle = Extract<Handle, { on: "slurm" }>;

/** A job's name as Slurm's own commands take it: "41", or "41_3" of an array. */
export const jobName = ({ job, task }: SlurmHandle): string => (task === undefined ? job : `${job}_${task}`);

export const isSameJob = (handle: Handle | null | undefined, other: SlurmHandle): boolean =>
  handle?.on === "slurm" && jobName(handle) === jobName(other);

/** Whatever stands in the file; jobs that are none are left out. */
export function decodeJobs(raw: unknown): Jobs {
  const jobs = new Map<string, Job>();
  if (!isRaw(raw) || !isRaw(raw.jobs)) return jobs;
  for (const [name, job] of Object.entries(raw.jobs)) {
    if (!isRaw(job) || (job.life !== "queued" && job.life !== "running")) continue;
    jobs.set(name, {
      life: job.life,
      state: textOr(job.state, ""),
      reason: textOr(job.reason, ""),
      nodes: textOr(job.nodes, ""),
      left: textOr(job.left, ""),
      restarts: isStep(job.restarts) ? job.restarts : 0,
    });
  }
  return jobs;
}

/** Reasons in Slurm's words → ours. Those of `never` do not pass by themselves. */
const reasons: Readonly<Record<string, string>> = {
  Priority: "others come first",
  Resources: "waits for free nodes",
  Dependency: "waits for the part of its sweep before it",
  JobArrayTaskLimit: "waits for its turn in the sweep",
  BeginTime: "starts again in a moment",
  Reservation: "waits for its reservation",
  Licenses: "waits for a licence",
  // The beginning of a sentence, up to its first comma.
  "Nodes required for job are DOWN": "waits for nodes that are down, drained or reserved",
  QOSMaxJobsPerUserLimit: "you run as many jobs as your quota allows",
  AssocMaxJobsLimit: "you run as many jobs as your quota allows",
  AssocGrpCpuLimit: "the account uses as many processors as its quota allows",
  AssocGrpGRES: "the account uses as many GPUs as its quota allows",
  QOSMaxGRESPerUser: "you use as many GPUs as your quota allows",
  QOSMaxCpuPerUserLimit: "you use as many processors as your quota allows",
  MaxCpuPerAccount: "the account uses as many processors as its quota allows",
};

const never: Readonly<Record<string, string>> = {
  PartitionTimeLimit: "its time is above the partition's limit",
  PartitionNodeLimit: "it asks for more nodes than the partition has",
  PartitionConfig: "it asks for what the partition does not have",
  PartitionDown: "the partition is down",
  PartitionInactive: "the partition is closed",
  BadConstraints: "no node fits what it asks for",
  ReqNodeNotAvail: "the nodes it needs are down or reserved",
  InvalidAccount: "its account is not valid any more",
  InvalidQOS: "its quality of service is not valid any more",
  AssocMaxWallDurationPerJobLimit: "its time is above the account's limit",
  QOSMaxWallDurationPerJobLimit: "its time is above the quality of service's limit",
  DependencyNeverSatisfied: "the part of its sweep before it cannot end as it must",
  JobHeldUser: "it is held; `scontrol release` lets it go",
  JobHeldAdmin: "an administrator holds it",
  "launch failed requeued held": "it could not be started on its node, and is held",
};

/** Why a job waits, in words. */
export function reasonWords(reason: string): string {
  if (reason === "" || reason === "None") return "waits in the queue";
  // "ReqNodeNotAvail, UnavailableNodes:n[1-4]", "(JobHeldUser)".
  const word = reason
    .replace(/^\(|\)$/g, "")
    .split(/,/)[0]
    .trim();
  if (Object.hasOwn(never, word)) return `cannot start: ${never[word]}`;
  if (Object.hasOwn(reasons, word)) return reasons[word];
  return /^(QOS|Assoc)/.test(word) ? `a quota is reached (${word})` : `waits (${word})`;
}

const often = (count: number): string => (count === 1 ? "requeued once" : `requeued ${count} times`);

/** "on n3 · 1:02:03 left · requeued once"; "waits for free nodes". */
export function jobWords({ life, reason, nodes, left, restarts }: Job): string {
  const parts =
    life === "queued"
      ? [reasonWords(reason)]
      : [nodes === "" ? "starting" : `on ${nodes}`, ...(left === "" ? [] : [`${left} left`])];
  return [...parts, ...(restarts > 0 ? [often(restarts)] : [])].join(" · ");
}

/** How Slurm ended a job that could not say so itself → words. */
const ends: Readonly<Record<string, string>> = {
  COMPLETED: "its job is done, and its log has no end",
  CANCELLED: "cancelled",
  FAILED: "its process failed",
  TIMEOUT: "reached its time limit",
  OUT_OF_MEMORY: "took more memory than its job asked for",
  NODE_FAIL: "its node failed",
  BOOT_FAIL: "its node did not start",
  LAUNCH_FAILED: "it could not be started on its node",
  DEADLINE: "reached its deadline",
  PREEMPTED: "made way for another job",
};

/** @param state  Slurm's last word on a job, "CANCELLED by 1000"; "" where nobody remembers it. */
export function endWords(state: string): string {
  const [word, , by] = state.split(" ");
  if (word === "CANCELLED" && /^\d+$/.test(by)) return `cancelled by user ${by}`;
  return Object.hasOwn(ends, word) ? ends[word] : "its job ended";
}

/** Whether somebody took the job out of the queue, or ended it. */
export const wasCancelled = (state: string): boolean => state.startsWith("CANCELLED");
