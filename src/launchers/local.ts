// Starts, stops, resumes and deletes runs on this machine. A run is a process of its own that outlives whoever asked for it.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileError } from "../protocol/errors";
import { stringify } from "../protocol/numbers";
import type { RunRequest } from "../protocol/request";
import { files, type RunInfo } from "../protocol/runFolder";
import { runId } from "../protocol/runId";
import { isAlive } from "./processStart";
import { readRun } from "./runs";

/** How a run process is started. */
export interface ProcessOptions {
  /** Whether the run goes on when this process ends. */
  readonly detached: boolean;
  /** The bundled run process, `dist/run.js`. */
  readonly runScript: string;
  /** A Node, this one by default. */
  readonly execPath?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface StartedRun {
  readonly folder: string;
  readonly id: string;
  readonly pid: number;
  /** `code` is null when a signal ended it. */
  readonly exited: Promise<{ readonly code: number | null }>;
}

/** Asks a process that has no signals, or none yet, to stop. The run process looks for it. */
const stopFile = "stop";

/** Makes a run folder and starts its process there. @throws UserError when the folder cannot be made. */
export async function startRun(
  options: ProcessOptions & {
    readonly request: Pick<RunRequest, "experiment" | "file" | "overrides">;
    readonly runsDir: string;
  },
): Promise<StartedRun> {
  const runsDir = resolve(options.runsDir);
  const { experiment, overrides } = options.request;
  const file = resolve(options.request.file);
  const folder = makeFolder(runsDir, runId(new Date(), experiment, overrides));
  const request: RunRequest = { id: basename(folder), experiment, file, overrides };
  guard(folder, () => writeFileSync(join(folder, files.run), `${stringify(infoBefore(request), 2)}\n`));
  try {
    return await launch(folder, ["start", folder, stringify(request)], options);
  } catch (error) {
    // Nothing ran: leave no folder that looks like a run.
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Goes on with a run from its newest checkpoint. @throws UserError when it still runs or is no run. */
export async function resumeRun(options: ProcessOptions & { readonly folder: string }): Promise<StartedRun> {
  const folder = resolve(options.folder);
  const { status } = await readRun(folder);
  if (status === "running") throw fileError(folder, "still runs", "Stop it first, or wait for its end.");
  guard(folder, () => rmSync(join(folder, stopFile), { force: true }));
  return launch(folder, ["resume", folder], options);
}

/** Asks a run to end: it flushes its log and writes its verdict. False when no process of it was there to ask. */
export async function stopRun(folder: string): Promise<boolean> {
  const { info, status } = await readRun(folder);
  if (status !== "running") return false;
  // Not yet known by its pid, or on a system without signals: the process looks for this file.
  if (info.pid === 0 || process.platform === "win32") {
    guard(folder, () => writeFileSync(join(folder, stopFile), ""));
    return true;
  }
  if (!(await isAlive(info.pid, info.processStarted))) return false;
  process.kill(info.pid, "SIGTERM");
  return true;
}

/** Removes a run's folder with everything in it. @throws UserError when it still runs. */
export async function deleteRun(folder: string): Promise<void> {
  const { status } = await readRun(folder);
  if (status === "running") throw fileError(folder, "still runs", "Stop it first; then delete it.");
  await rm(folder, { recursive: true, force: true });
}

/** Makes `runsDir/id`, or `id-2` and so on when that is taken. */
function makeFolder(runsDir: string, id: string): string {
  guard(runsDir, () => {
    mkdirSync(runsDir, { recursive: true });
    if (basename(runsDir) === "runs" && basename(dirname(runsDir)) === ".basin") ignoreRuns(dirname(runsDir));
  });
  for (let n = 1; ; n++) {
    const folder = join(runsDir, n === 1 ? id : `${id}-${n}`);
    try {
      mkdirSync(folder);
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw cannotWrite(runsDir, error);
    }
  }
}

/** Keeps runs out of git; a file that is already there is someone's and stays. */
function ignoreRuns(basinFolder: string): void {
  try {
    writeFileSync(join(basinFolder, ".gitignore"), "runs/\n", { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function guard<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function cannotWrite(path: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error as Error;
  return fileError(
    path,
    `cannot be written (${code})`,
    "Expected a folder for runs; name another with --runs DIR.",
  );
}

/** What `run.json` says until the process writes its own: which run it is, and no process yet. */
const infoBefore = ({ id, experiment, file, overrides }: RunRequest): RunInfo => ({
  schema: 1,
  id,
  experiment,
  file,
  overrides,
  created: new Date().toISOString(),
  pid: 0,
  processStarted: "",
  resumed: [],
  versions: {},
  machine: {
    platform: `${process.platform}-${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memory: totalmem(),
  },
  git: null,
});

async function launch(folder: string, args: readonly string[], options: ProcessOptions): Promise<StartedRun> {
  const { detached, runScript, execPath = process.execPath, env = process.env } = options;
  const log = guard(folder, () => openSync(join(folder, files.log), "a"));
  try {
    const child = spawn(execPath, [runScript, ...args], {
      // A group of its own also for a run that someone waits for: Ctrl-C then reaches it once, through whoever waits.
      detached: detached || process.platform !== "win32",
      stdio: ["ignore", log, log],
      windowsHide: true,
      env,
    });
    const exited = new Promise<{ code: number | null }>((done) => {
      child.once("exit", (code) => done({ code }));
    });
    await new Promise<void>((started, failed) => {
      child.once("spawn", started);
      child.once("error", (error) =>
        failed(fileError(execPath, `cannot be started (${error.message})`, "Expected a Node 20 or newer.")),
      );
    });
    if (detached) child.unref();
    return { folder, id: basename(folder), pid: child.pid ?? 0, exited };
  } finally {
    closeSync(log);
  }
}
