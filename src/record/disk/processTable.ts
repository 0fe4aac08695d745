// What this machine's process table says of a pid: whether it is the process meant, and what it was started as.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Start time of a process as the system tells it; "" where the system has none to tell; null when there is no such process. */
export function processStartOf(pid: number): string | null {
  try {
    if (process.platform === "linux") {
      // Fields after the parenthesised name, which may hold spaces: state comes first, field 22 is number 19.
      const text = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
      // A zombie has ended; only its parent has not asked yet.
      return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? "");
    }
    if (process.platform === "win32") return exists(pid) ? "" : null;
    const started = ps(pid, "lstart");
    return started === "" ? null : started;
  } catch {
    return process.platform !== "linux" && exists(pid) ? "" : null;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

const ps = (pid: number, column: string): string =>
  execFileSync("ps", ["-o", `${column}=`, "-p", String(pid)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();

/**
 * Whether the process that had `pid` and start time `started` still lives. Without a start time a pid proves nothing, as it may
 * be another's by now, except where the system tells none (Windows).
 */
export function isAlive(pid: number, started: string): boolean {
  if (!(pid > 0)) return false;
  const now = processStartOf(pid);
  return now !== null && (now === started || (now === "" && started === ""));
}

/** The words a process was started with, in one string with a NUL between them where the system keeps them apart; null where it does not tell. */
export function commandLineOf(pid: number): string | null {
  try {
    if (process.platform === "linux") return readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return process.platform === "win32" ? null : ps(pid, "command");
  } catch {
    return null;
  }
}
