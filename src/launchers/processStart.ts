// Tells a live process from a later one that was given the same pid: by its start time, as src/run/describeSelf.ts records it.
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
    const started = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
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

/** Whether the process that had `pid` and start time `started` still lives. An unknown start time ("") matches any. */
export function isAlive(pid: number, started: string): boolean {
  if (!(pid > 0)) return false;
  const now = processStartOf(pid);
  return now !== null && (started === "" || now === "" || now === started);
}
