// Follows runs to their ends with a display, passes on Ctrl-C, and says how each ended.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { followRun, JobPoll, readLog, readRun, stopRuns, type Follower, type RunRecord } from "../launchers";
import { isWaiting } from "../launchers/queue";
import type { RunEvent } from "../protocol/events";
import { files } from "../protocol/runFolder";
import type { Experiment } from "../protocol/experiment";
import { holderOf } from "../record/disk/processes";
import { isActive, type RunStatus } from "../types/runStatus";
import { printable } from "../util/printable";
import { exit } from "./command";
import type { FollowHandlers } from "../record/disk/follow";
import { displayFor, leftText, type Display, type Shown } from "./show/displays";
import { warn } from "./show/print";
import { Progress } from "./show/progress";
import { columnsOf, styleOf } from "./show/text";
import { verdictLines } from "./show/verdictText";
import { shownPath } from "./experiments";

export interface WatchedRun {
  readonly folder: string;
  readonly id: string;
  readonly title: string;
  readonly experiment: Experiment;
}

export interface Outcome {
  /** null where the folder was deleted. */
  readonly record: RunRecord | null;
  /** Of the contract, without `--check`. */
  readonly status: number;
}

export interface WatchOptions {
  readonly json: boolean;
  /** Headers the log held before this process: as JSON only its own events are told. */
  readonly headersBefore?: number;
  /** Called at once and every second while runs wait: starts what may start; whoever keeps the queue going may have been killed. */
  readonly keepGoing?: () => Promise<void>;
}

const pollMilliseconds = 100;
/** Of runs on a cluster: many may watch from one login node, over a disk that all share. */
const jobsMilliseconds = 500;
/** Folders of waiting runs are looked at this many times more seldom. */
const seldom = 10;

/** Follows runs until all have ended, and prints their verdicts. Outcomes in the order of `runs`. */
export async function watchRuns(runs: readonly WatchedRun[], options: WatchOptions): Promise<Outcome[]> {
  const jobs = runs.every(inJob) ? new JobPoll() : null;
  const pause = jobs ? jobsMilliseconds : pollMilliseconds;
  const watches = runs.map((run) => new Watch(run, options.headersBefore ?? 0, jobs ? 4 * pause : pause));
  const display = displayFor(
    watches.map(({ shown }) => shown),
    options.json,
  );
  const stops = new Stops(watches, display, jobs !== null);
  try {
    for (let i = 0; watches.some(({ outcome }) => !outcome); i++) {
      const open = watches.filter(({ outcome }) => !outcome);
      if (i % seldom === 0 && open.some(({ shown }) => shown.status === "queued"))
        await options.keepGoing?.();
      if (jobs?.pause === 0) {
        const before = jobs.problem;
        await jobs.look(await Promise.all(open.map(({ run }) => readRun(run.folder))).catch(() => []));
        if (jobs.problem !== null && jobs.problem !== before) warn(`${printable(jobs.problem)}\n`);
      }
      for (const watch of open) await watch.poll(display, i % seldom === 0, stops.asked > 0);
      await new Promise((done) => setTimeout(done, pause));
    }
  } finally {
    display.close();
    stops.dispose();
    watches.forEach((watch) => watch.dispose());
  }
  return watches.map(({ outcome }) => outcome!);
}

/** Whether a run is a job of a cluster, which goes on without anybody who watches. */
export const inJob = ({ experiment }: Pick<WatchedRun, "experiment">): boolean =>
  (experiment.launch as Partial<Experiment["launch"]> | undefined)?.on === "slurm";

/** Ctrl-C stops the runs, a second one ends them at once; jobs of a cluster it leaves. A closed terminal leaves them to themselves. */
class Stops {
  asked = 0;
  private readonly ask = (): void => {
    if (this.leaves) {
      this.display.close();
      warn(`${leftText}\n`);
      process.exit(exit.interrupted);
    }
    this.asked++;
    if (this.asked === 1) this.display.stopping();
    const open = this.watches.filter(({ outcome }) => !outcome).map(({ run }) => run);
    void stopRuns(open, this.asked === 1 ? "ask" : "now").catch((error: unknown) =>
      warn(`${String(error)}\n`),
    );
  };
  private readonly leave = (): void => process.exit(exit.failed);

  constructor(
    private readonly watches: readonly Watch[],
    private readonly display: Display,
    private readonly leaves: boolean,
  ) {
    process.on("SIGINT", this.ask).on("SIGTERM", this.ask).on("SIGHUP", this.leave);
  }

  dispose(): void {
    process.off("SIGINT", this.ask).off("SIGTERM", this.ask).off("SIGHUP", this.leave);
  }
}

/** One run, from the queue to its end. */
class Watch {
  outcome: Outcome | undefined;
  readonly shown: Shown;
  private follower: Follower | undefined;
  private headers = 0;

  constructor(
    readonly run: WatchedRun,
    private readonly headersBefore: number,
    private readonly pause: number,
  ) {
    const { id, title, experiment } = run;
    this.shown = { id, title, progress: new Progress(experiment), status: "queued", verdict: null };
  }

  async poll(display: Display, thorough: boolean, asked: boolean): Promise<void> {
    if (!this.follower) {
      if (!thorough && !asked) return;
      if (existsSync(this.run.folder) && isWaiting(this.run.folder)) return;
      this.follow(display);
    }
    this.follower?.flush();
    if (!existsSync(join(this.run.folder, files.run))) return this.end(display, null, exit.failed);
    if (isActive(this.shown.status)) return;
    const record = await readRun(this.run.folder);
    this.end(display, record, exitOf(record, asked));
  }

  private follow(display: Display): void {
    const handlers: FollowHandlers = {
      onEvents: (events) => {
        const own: RunEvent[] = [];
        for (const event of events) {
          // The display of a resumed run starts with the curves it had before.
          this.shown.progress.add(event);
          if (event.kind === "header") this.headers++;
          if (this.headers > this.headersBefore) own.push(event);
        }
        display.update(this.shown, own);
      },
      onStatus: (status, verdict, { place }) =>
        Object.assign(this.shown, { status, verdict, place: place?.says }),
      onWarning: (message) => warn(`warning: ${message}\n`),
    };
    this.follower = followRun(this.run.folder, handlers, this.pause);
  }

  private end(display: Display, record: RunRecord | null, status: number): void {
    this.outcome = { record, status };
    this.dispose();
    Object.assign(this.shown, { status: record?.status ?? "failed", verdict: record?.verdict ?? null });
    // Of a run that was taken out of the queue there is nothing to tell.
    const told = record !== null && (this.shown.progress.reported || record.status !== "interrupted");
    if (told) display.ended(this.shown, textOf(record, status));
    if (!record) warn(`${shownPath(this.run.folder)}: the run folder was deleted.\n`);
    else if (status !== exit.done && status !== exit.interrupted) warn(failureOf(record));
  }

  dispose(): void {
    this.follower?.dispose();
  }
}

function exitOf({ folder, status }: RunRecord, asked: boolean): number {
  const own = holderOf(folder)?.exit;
  if (own === exit.badInput) return own;
  if (asked || status === "interrupted") return exit.interrupted;
  const good: readonly RunStatus[] = ["finished", "diverged"];
  return good.includes(status) ? exit.done : exit.failed;
}

/** What a run came to, below its title or block. */
function textOf({ folder, info, verdict }: RunRecord, status: number): string {
  if (status !== exit.done && status !== exit.interrupted) return "\n";
  const [style, columns] = [styleOf(process.stdout), columnsOf(process.stdout)];
  return [
    ...(verdict ? ["", ...verdictLines(verdict, style, columns)] : []),
    ...(status === exit.interrupted ? ["", `Interrupted. Go on with it: basin resume ${info.id}`] : []),
    "",
    `Run folder: ${shownPath(folder)}`,
    "",
  ].join("\n");
}

function failureOf({ folder, status, place }: RunRecord): string {
  const text = [readLog(folder, 40), ...(place ? [`Slurm: ${place.says} (job ${place.job}).`] : [])]
    .join("\n")
    .trim();
  const reason = process.env.BASIN_DEBUG === "1" ? text : withoutStack(text);
  return [
    reason || `The run process ended unexpectedly: the run ${status}.`,
    `The log of the run: ${shownPath(join(folder, files.log))}`,
    "",
  ].join("\n");
}

/** A message without the "at …" lines of a stack trace and Node's own frame around it. */
export const withoutStack = (text: string): string =>
  text
    .split("\n")
    .filter((line) => !/^\s+at /.test(line) && !/^Node\.js v/.test(line))
    .join("\n")
    .trim();
