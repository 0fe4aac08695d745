// Makes run folders: each with the run.json that is the whole request, and nothing else yet. A run that is made is queued.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileError, type UserError } from "../protocol/errors";
import type { Experiment } from "../protocol/experiment";
import { stringify } from "../protocol/numbers";
import { files, type Branching, type RunInfo, type SweepPlace } from "../protocol/runFolder";
import { runId } from "../protocol/runId";
import { writeAtomic } from "../record/disk/files";
import { isDiskFull } from "../util/diskFull";
import { ticketFor } from "./ticket";

/** One run to make: a point of an experiment, fully resolved. */
export interface RunRequest {
  readonly experiment: Experiment;
  /** Absolute path of the experiment file; relative paths in it start at its folder. */
  readonly file: string;
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly branchedFrom?: Branching;
}

export interface MadeRun {
  readonly folder: string;
  readonly id: string;
}

/**
 * Queues the runs of one submission, all at once, in their order.
 *
 * @throws UserError when the runs folder cannot be written.
 */
export function submit(runsDir: string, requests: readonly RunRequest[]): MadeRun[] {
  const dir = resolve(runsDir);
  try {
    makeFolders(dir);
    ignoreOwn(dir);
    let sweep: string | undefined;
    return requests.map((request, i) => {
      const made = makeFolder(dir, request);
      sweep ??= made.id;
      const place = requests.length > 1 ? { id: sweep, index: i + 1, of: requests.length } : undefined;
      writeAtomic(join(made.folder, files.run), `${stringify(infoOf(made, request, place), 2)}\n`);
      return made;
    });
  } catch (error) {
    throw unwritable(dir, error);
  }
}

function infoOf({ folder, id }: MadeRun, request: RunRequest, sweep: SweepPlace | undefined): RunInfo {
  return {
    schema: 1,
    id,
    ...request,
    ...(sweep && { sweep }),
    created: new Date().toISOString(),
    handle: null,
    resumed: [],
    versions: {},
    machine: { platform: "", cpu: "", cores: 0, memory: 0, host: hostname() },
    git: null,
    ticket: ticketFor(folder),
  };
}

/** Makes a folder and those above it. Node's own `recursive` never returns where a parent refuses with ENOENT (/proc). */
function makeFolders(path: string): void {
  if (existsSync(path)) return;
  makeFolders(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another launcher has just made it.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** Makes the run folder, alone: of two launchers in the same second one gets "…-2". */
function makeFolder(runsDir: string, { experiment, overrides }: RunRequest): MadeRun {
  const base = runId(new Date(), experiment, overrides);
  for (let i = 1; ; i++) {
    const id = i === 1 ? base : `${base}-${i}`;
    const folder = join(runsDir, id);
    try {
      mkdirSync(folder);
      return { folder, id };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || i > 10_000) throw error;
    }
  }
}

/** @param path  What could not be written in a folder that holds runs. */
export function unwritable(path: string, error: unknown): UserError {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  const [why, what] = isDiskFull(error)
    ? [`the disk is full, ${code}`, "Make room"]
    : [code, "Make it writable"];
  return fileError(
    path,
    `cannot be written (${why}); runs are kept there`,
    `${what}, or name another folder with --runs DIR.`,
  );
}

/** Keeps runs and a person's own settings out of git. A `.gitignore` that is there already is the user's. */
function ignoreOwn(runsDir: string): void {
  const parent = dirname(runsDir);
  if (basename(parent) !== ".basin") return;
  try {
    writeFileSync(join(parent, ".gitignore"), "runs/\nlocal.json\n", { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
