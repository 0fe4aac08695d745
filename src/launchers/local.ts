// Runs as processes of this machine, which share nothing with us but their folder.
import { spawn } from "node:child_process";
import { closeSync, constants, openSync, realpathSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { files } from "../protocol/runFolder";
import { commandLineOf, isAlive, processStartOf } from "../record/disk/processTable";
import type { Handle } from "../types/handle";
import type { Job, Launcher, ProcessOptions, StopHow } from "./launcher";

export const local: Launcher = { id: "local", start, state, stop };

async function start({ folder, command, claim }: Job, how: ProcessOptions): Promise<Handle> {
  // Never through a link: the folder may be somebody else's.
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0 } = constants;
  const log = openSync(join(folder, files.log), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o644);
  try {
    const pid = await spawnDetached([how.runScript, command, folder, String(claim)], how, log);
    return { on: "local", host: hostname(), pid, started: processStartOf(pid) ?? "" };
  } finally {
    closeSync(log);
  }
}

/**
 * Starts a process of Basin's that outlives us, in a session of its own: neither a closed terminal nor its Ctrl-C reaches it.
 *
 * @returns its pid. @throws Error when it cannot be started.
 */
export function spawnDetached(
  args: readonly string[],
  { execPath, env }: Pick<ProcessOptions, "execPath" | "env">,
  output: number | "ignore",
): Promise<number> {
  return new Promise((started, failed) => {
    const child = spawn(execPath ?? process.execPath, args, {
      detached: true,
      stdio: ["ignore", output, output],
      env: env ?? process.env,
      windowsHide: true,
    });
    child.once("spawn", () => {
      child.unref();
      started(child.pid!);
    });
    child.once("error", (error) =>
      failed(new Error(`The run process could not be started: ${error.message}`)),
    );
  });
}

function state(handle: Handle): Promise<"running" | "gone" | "unknown"> {
  if (handle.on !== "local" || handle.host !== hostname()) return Promise.resolve("unknown");
  return Promise.resolve(isAlive(handle.pid, handle.started) ? "running" : "gone");
}

function stop(handle: Handle, folder: string, how: StopHow): Promise<boolean> {
  // Windows has no signal a process could act on.
  if (process.platform === "win32" || handle.on !== "local" || !isRunOf(handle, folder))
    return Promise.resolve(false);
  try {
    process.kill(handle.pid, how === "now" ? "SIGKILL" : "SIGTERM");
    return Promise.resolve(true);
  } catch {
    return Promise.resolve(false);
  }
}

/**
 * Whether a process is certainly the run of a folder. A file names it, and files come from anywhere: pid, start time and host must
 * match, and the process must have been started to run this very folder.
 */
function isRunOf(handle: Handle & { on: "local" }, folder: string): boolean {
  if (handle.host !== hostname() || !isAlive(handle.pid, handle.started)) return false;
  const line = commandLineOf(handle.pid);
  if (line === null) return false;
  // Where the system keeps no words apart, the words in a row have to do.
  if (!line.includes("\0"))
    return ["start", "resume"].some((command) => line.includes(`.js ${command} ${folder}`));
  const words = line.split("\0");
  return words.some(
    (word, i) =>
      (word === "start" || word === "resume") &&
      /\.m?js$/.test(words[i - 1] ?? "") &&
      sameFolder(words[i + 1], folder),
  );
}

function sameFolder(a: string | undefined, b: string): boolean {
  try {
    return a !== undefined && realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}
