// Asks Slurm after all jobs of this user at once: never twice within five seconds, however many windows, terminals and runs want to know.
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, openSync, closeSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheHere } from "../../protocol/cacheFolder";
import { largestJobs, type Job } from "../../record/jobs";
import { readJson, writeAtomic } from "../../record/disk/files";
import { call, SlurmError } from "./call";

/** Between two calls. */
export const leastMilliseconds = 5000;
/** A process that was killed while it asked leaves its lock for so long. */
const staleMilliseconds = 120_000;

/** A job as `squeue` lists it, also one that has just ended. */
export interface SeenJob extends Omit<Job, "life"> {
  readonly name: string;
  readonly life: Job["life"] | "gone";
  /** The batch script it was submitted with. */
  readonly script: string;
}

export interface Answer {
  readonly jobs: readonly SeenJob[];
  /** When Slurm was asked, which tells two answers apart. */
  readonly asked: string;
  /** Whether it was asked just now, and not by another process a moment ago. */
  readonly fresh: boolean;
}

const columns = [
  ["ArrayJobID", 24],
  ["ArrayTaskID", 24],
  ["State", 24],
  ["RestartCnt", 12],
  ["TimeLeft", 24],
  ["NodeList", 120],
  ["Reason", 120],
  ["Command", 2048],
] as const;

const waiting = ["PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT"];
const present = ["RUNNING", "COMPLETING", "CONFIGURING", "SUSPENDED", "STOPPED", "SIGNALING", "RESIZING"];

/** By Slurm's word for a state; "CANCELLED by 1000" as any other. */
export const lifeIn = (state: string): SeenJob["life"] =>
  waiting.includes(state) ? "queued" : present.includes(state) ? "running" : "gone";

/** What `squeue -O` printed with our columns, one byte a character. Lines that are none are left out. */
export function parseQueue(text: string): SeenJob[] {
  return text.split("\n").flatMap((line): SeenJob[] => {
    const words: string[] = [];
    let at = 0;
    for (const [, width] of columns) {
      words.push(
        Buffer.from(line.slice(at, at + width), "latin1")
          .toString("utf8")
          .trim(),
      );
      at += width;
    }
    const [job, task, state, restarts, left, nodes, reason, script] = words;
    if (!/^\d+$/.test(job) || state === "") return [];
    const life = lifeIn(state);
    return [
      {
        name: /^\d+$/.test(task) ? `${job}_${task}` : job,
        life,
        state,
        restarts: Number(restarts) || 0,
        left: /^[\d:-]+$/.test(left) ? left : "",
        nodes: life === "running" ? nodes : "",
        reason: reason === "None" ? "" : reason,
        script,
      },
    ];
  });
}

/** Every job of this user that Slurm still knows, asked at once: for somebody who is about to act. One call. @throws SlurmError */
export async function queueNow(env: NodeJS.ProcessEnv = process.env): Promise<SeenJob[]> {
  const format = columns.map(([name, width]) => `${name}:${width}`).join(",");
  const args = ["--me", "--noheader", "--array", "--states=all", `--Format=${format}`];
  return parseQueue(await call("squeue", args, { env, encoding: "latin1" }));
}

/** Where the answer is kept for other processes of this user: one place a cluster. */
function placeFor({ SLURM_CONF = "" }: NodeJS.ProcessEnv): string {
  const cluster = createHash("sha256").update(SLURM_CONF).digest("hex").slice(0, 12);
  return join(cacheHere(), "slurm", cluster);
}

/** Runs `ask` where nobody of this user has called within the last five seconds; null where somebody has. */
async function alone<T>(place: string, ask: () => Promise<T>): Promise<T | null> {
  const lock = join(place, "asking");
  mkdirSync(place, { recursive: true });
  try {
    closeSync(openSync(lock, "wx"));
  } catch {
    const since = Date.now() - (lstatSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (since > staleMilliseconds) rmSync(lock, { force: true });
    return null;
  }
  try {
    // Both times are the file server's.
    const now = lstatSync(lock).mtimeMs;
    const last = lstatSync(join(place, "queue.json"), { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
    // A clock that was set back must not silence us for ever.
    if (now >= last && now - last < leastMilliseconds) return null;
    return await ask();
  } finally {
    rmSync(lock, { force: true });
  }
}

/**
 * What Slurm says now, or said to another process within the last seconds; null where nobody knows: it does not answer, or is not here.
 *
 * Cost: one `squeue` at most.
 */
export async function askScheduler(env: NodeJS.ProcessEnv = process.env): Promise<Answer | null> {
  const place = placeFor(env);
  const path = join(place, "queue.json");
  try {
    const own = await alone(place, async (): Promise<Answer> => {
      const asked = new Date().toISOString();
      const jobs = await queueNow(env).catch((error: unknown) => {
        // What does not answer is left in peace as well.
        writeAtomic(path, `${JSON.stringify({ asked, jobs: null })}\n`);
        throw error;
      });
      writeAtomic(path, `${JSON.stringify({ asked, jobs })}\n`);
      return { asked, jobs, fresh: true };
    });
    if (own) return own;
    const kept = readJson(path, largestJobs) as Omit<Answer, "fresh"> | undefined;
    return Array.isArray(kept?.jobs) ? { jobs: kept.jobs, asked: kept.asked, fresh: false } : null;
  } catch {
    return null;
  }
}

/** Whether this cluster keeps accounts; found out by the first question. A database that is down may come up again. */
let hasAccounts = true;
const noAccounts = /accounting storage is disabled/i;

/**
 * How jobs ended that Slurm's controller has forgotten, by their names; none where the cluster keeps no accounts.
 *
 * Cost: one `sacct`, five seconds after the call before it.
 */
export async function askAccounts(
  names: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<ReadonlyMap<string, string>> {
  if (!hasAccounts || names.length === 0) return new Map();
  await new Promise((done) => setTimeout(done, leastMilliseconds));
  try {
    const args = ["-n", "-P", "-X", "-o", "JobID,State", "-j", names.join(",")];
    return parseAccounts(await call("sacct", args, { env }));
  } catch (error) {
    if (error instanceof SlurmError && (error.why === "missing" || noAccounts.test(error.said)))
      hasAccounts = false;
    return new Map();
  }
}

/** What `sacct -n -P -X -o JobID,State` printed. */
export const parseAccounts = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split("\n").flatMap((line): [string, string][] => {
      const [name, state] = line.split("|");
      return /^\d+(_\d+)?$/.test(name) && state ? [[name, state]] : [];
    }),
  );
