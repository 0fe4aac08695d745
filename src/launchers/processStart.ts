// Tells a live process from a later one that was given the same pid, by the time it started.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";

const exec = promisify(execFile);

/** State and start time of a process as Linux tells them; null when there is none. */
function readStat(pid: number): { state: string; started: string } | null {
  try {
    // The name stands in parentheses and may hold spaces: count fields after it. Field 3 is the state, 22 the start time.
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", started: fields[19] ?? "" };
  } catch {
    return null;
  }
}

/** When a process started, as the system tells it; "" when there is no such process or no way to know. */
export async function processStart(pid: number): Promise<string> {
  if (process.platform === "linux") return readStat(pid)?.started ?? "";
  if (process.platform === "win32") return "";
  try {
    return (await exec("ps", ["-o", "lstart=", "-p", String(pid)])).stdout.trim();
  } catch {
    return "";
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Someone else's process: there, but not ours to signal.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Whether the process that had this pid and this start time still runs. Without a start time the pid alone decides. */
export async function isAlive(pid: number, started: string): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 0 || !exists(pid)) return false;
  if (process.platform === "linux") {
    const stat = readStat(pid);
    // A zombie has ended; its parent has not yet asked how.
    if (!stat || stat.state === "Z" || stat.state === "X") return false;
    return started === "" || stat.started === started;
  }
  if (started === "") return true;
  const now = await processStart(pid);
  return now === "" || now === started;
}
