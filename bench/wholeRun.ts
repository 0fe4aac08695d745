// A run of the command line as users start one, watched from outside: seconds, peak memory, and what its log says.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

interface Event {
  readonly kind: string;
  readonly step?: number;
  readonly time?: number;
  readonly probe?: string;
  readonly message?: string;
  readonly cost?: { readonly products: number; readonly seconds: number };
  readonly values?: Readonly<Record<string, unknown>>;
  readonly how?: Readonly<Record<string, { readonly method: string }>>;
}

export interface Watched {
  /** Bytes that the largest process of it had resident; 0 where the system does not tell. */
  readonly peak: number;
  readonly seconds: number;
  /** Seconds of processor time of all its processes: what a busy machine distorts least. */
  readonly busy: number;
  /** Seconds from the start to the first checkpoint, which precedes the first step. NaN without one. */
  readonly firstStep: number;
  /** Whether it was ended for taking too long. */
  readonly ended: boolean;
  readonly events: readonly Event[];
}

/**
 * Runs `basin ARGS --runs FOLDER` and watches it; ended after `most` seconds.
 * @throws when it ends by itself with anything but success: a row of nothing would pass for a measurement.
 */
export async function watched(args: readonly string[], most = Infinity): Promise<Watched> {
  const runs = join(dirname(args[1]), "runs");
  rmSync(runs, { recursive: true, force: true });
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  const cli = join("..", "dist", "cli.js");
  const child = spawn(process.execPath, [cli, ...args, "--runs", runs], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (text: Buffer) => (said += text.toString()));
  let [peak, firstStep, ended, ticks] = [0, NaN, false, 0];
  const busy = new Map<number, number>();
  const timer = setInterval(() => {
    if (Number.isNaN(firstStep) && logOf(runs).includes('"checkpoint"')) firstStep = seconds();
    if (ticks++ % 10 === 0)
      for (const pid of familyOf(child.pid)) {
        peak = Math.max(peak, peakOf(pid));
        busy.set(pid, busyOf(pid) || (busy.get(pid) ?? 0));
      }
    if (seconds() > most && !ended) {
      ended = true;
      for (const pid of familyOf(child.pid).reverse()) process.kill(pid, "SIGKILL");
    }
  }, 4);
  const status = await new Promise((done) => child.on("close", done));
  clearInterval(timer);
  if (status !== 0 && !ended)
    throw new Error(`\`basin ${args.join(" ")}\` ended with status ${String(status)}: ${said.trim()}`);
  const events = logOf(runs)
    .split("\n")
    .filter((line) => line.endsWith("}"))
    .map((line) => JSON.parse(line) as Event);
  const total = [...busy.values()].reduce((a, b) => a + b, 0);
  return { peak, seconds: seconds(), busy: total, firstStep, ended, events };
}

/** The text of the only log in a folder of runs, "" while there is none. */
function logOf(runs: string): string {
  try {
    const [run] = readdirSync(runs).filter((name) => !name.startsWith("."));
    return readFileSync(join(runs, run, "events.jsonl"), "utf8");
  } catch {
    return "";
  }
}

/** A process and all that descend from it. */
const familyOf = (pid: number | undefined): number[] =>
  pid === undefined ? [] : [pid, ...childrenOf(pid).flatMap(familyOf)];

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .trim()
      .split(" ")
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}

function peakOf(pid: number): number {
  try {
    return 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Seconds that a process has computed for, to a hundredth. */
function busyOf(pid: number): number {
  try {
    // What follows the name, which may hold anything, in brackets: fields 3 and on; 14 and 15 are user and system time.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").pop()!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}
