// Keeps what is known of a cluster's jobs up to date while there are any: one question for all of them, more and more seldom while nothing changes.
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { slurmFolder, jobName, type Job } from "../../record/jobs";
import { writeAtomic } from "../../record/disk/files";
import { forgetJobs, jobsIn, jobsPath } from "../../record/disk/jobs";
import { holderOf, lifeOf, rewriteClaim, type Holder } from "../../record/disk/processes";
import type { RunRecord } from "../../record/runRecord";
import { isActive } from "../../types/runStatus";
import { isDiskFull } from "../../util/diskFull";
import { isTicketOf } from "../ticket";
import { askAccounts, askScheduler, leastMilliseconds, lifeIn, type Answer, type SeenJob } from "./scheduler";

const [mostMilliseconds, growth] = [60_000, 1.5];

/** A run whose job may still wait or run. */
interface Tracked {
  readonly folder: string;
  readonly holder: Holder;
  readonly name: string;
  /** Whether this user submitted it: only of these does the queue tell whether they are gone. */
  readonly own: boolean;
}

export class JobPoll {
  private wait = leastMilliseconds;
  private due = -Infinity;
  private before = "";
  /** Why what was heard last could not be written down, where that can be mended; null while it can. */
  problem: string | null = null;
  /** By name, the question in which a job was first missing. */
  private readonly missing = new Map<string, string>();

  constructor(private readonly env: NodeJS.ProcessEnv = process.env) {}

  /** Milliseconds until it is worth looking again. */
  get pause(): number {
    return Math.max(0, this.due - performance.now());
  }

  /**
   * Asks after the jobs of these runs, if it is time and there are any, and writes down what it hears: beside the runs what waits and
   * runs, into the claims what has ended without saying so.
   */
  async look(runs: readonly RunRecord[]): Promise<void> {
    if (this.pause > 0) return;
    const tracked = runs.flatMap(trackedOf);
    if (!tracked.some(({ own }) => own)) return;
    this.due = performance.now() + this.wait;
    const answer = await askScheduler(this.env);
    if (!answer) return this.next(false);
    const seen = new Map(answer.jobs.map((job) => [job.name, job]));
    this.problem = null;
    for (const runsDir of new Set(tracked.map(({ folder }) => dirname(folder))))
      this.keep(
        runsDir,
        tracked.filter(({ folder }) => dirname(folder) === runsDir),
        seen,
      );
    await this.settle(tracked, seen, answer);
    const now = tracked.map(({ name }) => `${name} ${wordOf(seen.get(name))}`).join();
    this.next(now !== this.before);
    this.before = now;
  }

  private next(changed: boolean): void {
    this.wait = changed ? leastMilliseconds : Math.min(mostMilliseconds, this.wait * growth);
    this.due = performance.now() + this.wait;
  }

  /** Of jobs of other users what they wrote stays. */
  private keep(runsDir: string, tracked: readonly Tracked[], seen: ReadonlyMap<string, SeenJob>): void {
    const known = jobsIn(runsDir);
    const jobs: Record<string, Job> = {};
    for (const { name, own } of tracked) {
      const job = own ? liveOf(seen.get(name)) : known.get(name);
      if (job) jobs[name] = job;
    }
    try {
      mkdirSync(join(runsDir, slurmFolder), { recursive: true });
      writeAtomic(jobsPath(runsDir), `${JSON.stringify({ schema: 1, jobs })}\n`);
      forgetJobs(runsDir);
    } catch (error) {
      // A folder that can only be read is shown as it was left.
      this.unwritten(runsDir, error);
    }
  }

  private unwritten(runsDir: string, error: unknown): void {
    if (!isDiskFull(error)) return;
    this.problem = `The disk is full (${error.code}): what Slurm says of the runs in ${runsDir} cannot be written there, and they are shown as they were before. Make room.`;
  }

  private async settle(
    tracked: readonly Tracked[],
    seen: ReadonlyMap<string, SeenJob>,
    { asked, fresh }: Answer,
  ): Promise<void> {
    const gone = tracked.filter(({ name, own }) => {
      const job = seen.get(name);
      if (!own || (job && job.life !== "gone")) {
        this.missing.delete(name);
        return false;
      }
      // Another process may have asked before the job was submitted.
      const first = this.missing.get(name) ?? asked;
      this.missing.set(name, first);
      return fresh || job !== undefined || first !== asked;
    });
    const forgotten = gone.filter(({ name }) => !seen.has(name)).map(({ name }) => name);
    const accounts = await askAccounts(forgotten, this.env);
    for (const { folder, holder, name } of gone) {
      const state = seen.get(name)?.state ?? accounts.get(name) ?? "";
      // The controller has lost sight of it, or the accounts are behind: neither says that it has ended.
      if (lifeIn(state) !== "gone") continue;
      this.missing.delete(name);
      try {
        writeLost(folder, holder, state);
      } catch (error) {
        // It is shown as not heard of.
        this.unwritten(dirname(folder), error);
      }
    }
  }
}

function trackedOf({ folder, info, status }: RunRecord): Tracked[] {
  if (!isActive(status)) return [];
  const holder = holderOf(folder);
  if (holder?.handle?.on !== "slurm" || lifeOf(holder) === "gone") return [];
  return [{ folder, holder, name: jobName(holder.handle), own: isTicketOf(folder, info.ticket) }];
}

/** What would be news of a job. */
const wordOf = (job: SeenJob | undefined): string =>
  job ? `${job.state} ${job.reason} ${job.nodes} ${job.restarts}` : "";

function liveOf(job: SeenJob | undefined): Job | undefined {
  if (!job || job.life === "gone") return undefined;
  const { state, life, reason, nodes, left, restarts } = job;
  return { state, life, reason, nodes, left, restarts };
}

/** The job has ended and will write no more: its claim says so in its place. @throws the system's error. */
function writeLost(folder: string, { n, ...claim }: Holder, state: string): void {
  const now = holderOf(folder);
  if (now?.n === n && now.exit === undefined) rewriteClaim(folder, n, { ...claim, lost: state });
}
