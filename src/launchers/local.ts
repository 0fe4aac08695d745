// Starts, stops, resumes and deletes runs on this machine. A run is a process of its own that only shares its folder with us.
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileError, UserError } from "../protocol/errors";
import type { RunRequest } from "../protocol/request";
import { files } from "../protocol/runFolder";
import { runId } from "../protocol/runId";
import { readNote, writeNote, type LaunchNote } from "./launchNote";
import { isAlive, processStartOf } from "./processStart";
import { readRun } from "./runs";
import { RunState } from "./runState";

/** How a run process is started. */
export interface ProcessOptions {
  /** The run bundle, dist/run.js. */
  readonly runScript: string;
  /** Whether the run outlives this process. Either way a Ctrl-C at the terminal reaches only us: we pass it on. */
  readonly detached: boolean;
  /** The Node to run it with; ours by default. */
  readonly execPath?: string;
  /** Its whole environment; ours by default. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface StartOptions extends ProcessOptions {
  readonly request: Omit<RunRequest, "id">;
  readonly runsDir: string;
}

export interface StartedRun {
  readonly folder: string;
  readonly id: string;
  readonly pid: number;
  /** Its exit status; 128 + signal number when a signal ended it. */
  readonly exited: Promise<{ readonly code: number }>;
}

/** Starts a run in a new folder of `runsDir`. @throws UserError when the folder cannot be made. */
export async function startRun({ request, runsDir, ...how }: StartOptions): Promise<StartedRun> {
  const { folder, id } = makeFolder(resolve(runsDir), request);
  const full: RunRequest = { ...request, id };
  const note = { at: new Date().toISOString(), headers: 0, request: full };
  return launch(folder, id, ["start", folder, JSON.stringify(full)], note, how);
}

/** Goes on with a run that ended early. @throws UserError when it still trains or has nothing left to do. */
export async function resumeRun({
  folder,
  ...how
}: ProcessOptions & { readonly folder: string }): Promise<StartedRun> {
  const path = resolve(folder);
  const { info, status } = await readRun(path);
  if (status === "running")
    throw fileError(path, "is still running", "Only a run that has stopped can be resumed.");
  if (status === "finished" || status === "diverged") {
    throw fileError(path, `has ${status}; there is nothing to resume`, "Start it anew with `basin run`.");
  }
  rmSync(join(path, "stop"), { force: true });
  const state = new RunState(path);
  state.update();
  const note = { at: new Date().toISOString(), headers: state.headersRead, request: readNote(path)?.request };
  return launch(path, info.id, ["resume", path], note, how);
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
function makeFolder(runsDir: string, request: StartOptions["request"]): { folder: string; id: string } {
  try {
    makeFolders(runsDir);
    ignoreRuns(runsDir);
    const base = runId(new Date(), request.experiment, request.overrides);
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
  } catch (error) {
    throw unwritable(runsDir, error);
  }
}

const unwritable = (path: string, error: unknown): UserError =>
  fileError(
    path,
    `cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)}); runs are kept there`,
    "Make it writable, or name another folder with --runs DIR.",
  );

/** Keeps runs out of git. A `.gitignore` that is there already is the user's. */
function ignoreRuns(runsDir: string): void {
  const parent = dirname(runsDir);
  if (basename(parent) !== ".basin") return;
  try {
    writeFileSync(join(parent, ".gitignore"), "runs/\n", { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

async function launch(
  folder: string,
  id: string,
  args: readonly string[],
  note: Omit<LaunchNote, "pid" | "processStarted">,
  { runScript, detached, execPath, env }: ProcessOptions,
): Promise<StartedRun> {
  let log: number;
  try {
    writeNote(folder, { ...note, pid: 0, processStarted: "" });
    log = openSync(join(folder, files.log), "a");
  } catch (error) {
    throw unwritable(folder, error);
  }
  // A process group of its own, so that the terminal's Ctrl-C does not reach the run a second time beside our signal.
  const child = spawn(execPath ?? process.execPath, [runScript, ...args], {
    detached: detached || process.platform !== "win32",
    stdio: ["ignore", log, log],
    env: env ?? process.env,
    windowsHide: true,
  });
  const exited = new Promise<{ code: number }>((done) => {
    child.once("exit", (code, signal) =>
      done({ code: code ?? 128 + (signal ? constants.signals[signal] : 0) }),
    );
  });
  try {
    await new Promise<void>((started, failed) => {
      child.once("spawn", started);
      child.once("error", failed);
    });
  } catch (error) {
    rmSync(join(folder, "launch.json"), { force: true });
    throw new Error(`The run process could not be started: ${(error as Error).message}`);
  } finally {
    closeSync(log);
  }
  const pid = child.pid ?? 0;
  writeNote(folder, { ...note, pid, processStarted: processStartOf(pid) ?? "" });
  if (detached) child.unref();
  return { folder, id, pid, exited };
}

/**
 * Asks a run to stop: it ends its step, writes its verdict and exits with 130. False when no process of it lives.
 *
 * @param how  SIGKILL ends it at once; the folder stays readable and the run can be resumed.
 */
export function stopRun(folder: string, how: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<boolean> {
  return Promise.resolve().then(() => signalRun(folder, how));
}

function signalRun(folder: string, how: "SIGTERM" | "SIGKILL"): boolean {
  const living = new RunState(resolve(folder)).process();
  if (!living) return false;
  if (process.platform === "win32" && how === "SIGTERM") {
    // Windows has no signal a process could act on: the run looks for this file.
    writeFileSync(join(folder, "stop"), "");
    return true;
  }
  try {
    process.kill(living.pid, how);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw fileError(folder, `its process ${living.pid} may not be signalled`, "It belongs to another user.");
  }
}

/** Removes a run folder. @throws UserError when it is none or its run still trains. */
export async function deleteRun(folder: string): Promise<void> {
  const { status, info } = await readRun(folder);
  if (status === "running" || isAlive(info.pid, info.processStarted)) {
    throw fileError(folder, "is still running", "Stop it first.");
  }
  rmSync(folder, { recursive: true, force: true });
}

/** The end of what the process said, for a message about a run that failed. */
export function readLog(folder: string, lines = 10): string {
  try {
    return readFileSync(join(folder, files.log), "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "";
  }
}
