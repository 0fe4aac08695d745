// The queue of a runs folder: its run folders that nobody has claimed, in the order they were submitted.
//
// There is no lock. Whoever pumps starts only the *first* waiting run of a submission, by a claim that one process alone can make;
// who comes second looks anew. So runs start in order, each once, and never more at a time than their experiment allows, however many
// windows and terminals pump, and whenever one of them is killed.
import { lstatSync, readdirSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { files, type SweepPlace } from "../protocol/runFolder";
import { readJson } from "../record/disk/files";
import { holderOf, lifeOf } from "../record/disk/processes";
import type { Experiment } from "../protocol/experiment";
import type { ProcessOptions } from "./launcher";
import { launch, launchTogether, startsTogether } from "./launch";
import { isTicketOf } from "./ticket";

/** Whether the run of a folder waits for its turn: unclaimed, or claimed by a launcher that died before it started anything. */
export function isWaiting(folder: string): boolean {
  const holder = holderOf(folder);
  if (holder && !(holder.starting && holder.exit === undefined && lifeOf(holder) === "gone")) return false;
  return sizeOf(join(folder, files.events)) === 0 && sizeOf(join(folder, files.run)) > 0;
}

const sizeOf = (path: string): number => lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;

interface Entry {
  readonly folder: string;
  /** Runs submitted together share it. */
  readonly submission: string;
  readonly index: number;
  readonly concurrency: number;
  /** How many runs were submitted with it. */
  readonly of: number;
  readonly together: boolean;
  readonly state: "waiting" | "training" | "ended";
}

/** The queue of one runs folder as last seen. Looking again reads only what may have changed. */
export class Queue {
  private readonly entries = new Map<string, Entry | null>();
  private readonly dir: string;

  constructor(runsDir: string) {
    this.dir = resolve(runsDir);
  }

  /** Starts what may start now. Returns how many runs still wait, and how many of their submissions train. */
  async pump(how: ProcessOptions): Promise<{ waiting: number; training: number }> {
    this.scan();
    for (const submission of this.waitingSubmissions()) {
      const all = this.together(submission);
      if (all.length > 0) {
        await launchTogether(all, how).catch(() => undefined);
        this.scan();
        continue;
      }
      for (let next = this.next(submission); next; next = this.next(submission)) {
        const { folder } = next;
        // Refused: another was quicker, or the folder cannot be written. Either way a new look tells.
        await launch(folder, "start", holderOf(folder), how).catch(() => undefined);
        this.scan();
        if (this.next(submission)?.folder === folder) break;
      }
    }
    const active = new Set(this.waitingSubmissions());
    // Those of a launcher with a queue of its own need nobody who waits for them.
    const own = this.all().filter(({ submission, together }) => active.has(submission) && !together);
    const count = (state: Entry["state"]): number => own.filter((entry) => entry.state === state).length;
    return { waiting: count("waiting"), training: count("training") };
  }

  private all(): Entry[] {
    return [...this.entries.values()].filter((entry) => entry !== null);
  }

  private waitingSubmissions(): string[] {
    const waiting = this.all().filter(({ state }) => state === "waiting");
    return [...new Set(waiting.map(({ submission }) => submission))].sort();
  }

  /** The waiting runs of a submission that its launcher takes at once, as soon as all of it has been made. */
  private together(submission: string): string[] {
    const own = this.all().filter((entry) => entry.submission === submission && entry.together);
    if (own.length < (own[0]?.of ?? 0)) return [];
    return own
      .filter(({ state }) => state === "waiting")
      .sort((a, b) => a.index - b.index)
      .map(({ folder }) => folder);
  }

  /** The first waiting run of a submission, if one more may train now. */
  private next(submission: string): Entry | undefined {
    const own = this.all().filter((entry) => entry.submission === submission && !entry.together);
    const training = own.filter(({ state }) => state === "training").length;
    const [first] = own.filter(({ state }) => state === "waiting").sort((a, b) => a.index - b.index);
    return first && training < first.concurrency ? first : undefined;
  }

  private scan(): void {
    const names = foldersIn(this.dir);
    for (const name of this.entries.keys()) if (!names.has(name)) this.entries.delete(name);
    const active = new Set(this.waitingSubmissions());
    for (const name of names) {
      const folder = join(this.dir, name);
      const known = this.entries.get(name);
      // A folder without a run.json is being made.
      if (known === null || (!known && sizeOf(join(folder, files.run)) === 0)) continue;
      // What has ended matters only to those that wait for its place.
      if (known?.state === "ended" && !active.has(known.submission)) continue;
      const facts = known ?? factsOf(folder, name);
      this.entries.set(name, facts && { ...facts, state: stateOf(folder) });
    }
  }
}

type Facts = Omit<Entry, "state">;

/** What the queue needs of a run.json; null for a run that this user has not queued here: it is not started by itself. */
function factsOf(folder: string, name: string): Facts | null {
  let info: {
    sweep?: Partial<SweepPlace>;
    machine?: { host?: string };
    ticket?: unknown;
    experiment?: Asked;
  };
  try {
    info = readJson(join(folder, files.run)) ?? {};
    if (info.machine?.host !== hostname() || !isTicketOf(folder, info.ticket)) return null;
  } catch {
    return null;
  }
  const { sweep, experiment } = info;
  return {
    folder,
    submission: sweep?.id ?? name,
    index: Number(sweep?.index ?? 1),
    concurrency: Number(experiment?.launch?.concurrency ?? 1),
    of: Number(sweep?.of ?? 1),
    together: startsTogether(experiment?.launch?.on ?? "local"),
  };
}

interface Asked {
  readonly launch?: Partial<Experiment["launch"]>;
}

function stateOf(folder: string): Entry["state"] {
  if (isWaiting(folder)) return "waiting";
  const holder = holderOf(folder);
  return holder && lifeOf(holder) !== "gone" ? "training" : "ended";
}

function foldersIn(dir: string): ReadonlySet<string> {
  try {
    const entries = readdirSync(dir, { withFileTypes: true });
    return new Set(entries.filter((entry) => entry.isDirectory()).map(({ name }) => name));
  } catch {
    return new Set();
  }
}
