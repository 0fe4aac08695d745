// Waits for a run process with a display, passes on Ctrl-C, and says how it ended.
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { followRun, readRun, stopRun, type RunRecord, type StartedRun } from "../launchers";
import { stringify } from "../protocol/numbers";
import { files } from "../protocol/runFolder";
import type { Experiment } from "../protocol/experiment";
import { exit } from "./command";
import { displayFor } from "./show/displays";
import { Progress } from "./show/progress";
import { styleOf } from "./show/text";
import { verdictLines } from "./show/verdictText";
import { shownPath } from "./experiments";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface Watched {
  readonly record: RunRecord;
  /** Of the contract, without `--check`. */
  readonly status: number;
}

export interface WatchOptions {
  readonly experiment: Experiment;
  readonly title: string;
  readonly json: boolean;
  /** Size of run.log before the process started: what follows is its own. */
  readonly logStart?: number;
}

/** Follows a started run to its end and prints its verdict. */
export async function watchRun(started: StartedRun, options: WatchOptions): Promise<Watched> {
  const progress = new Progress(options.experiment);
  const display = displayFor(progress, options.title, options.json);
  const follower = followRun(started.folder, {
    onEvents: (events) => {
      // A resumed run's display starts with what it had before; as JSON only what this process does is told.
      events.forEach((event) => progress.add(event));
      display.update(events);
    },
    onWarning: (message) => process.stderr.write(`warning: ${message}\n`),
  });
  let asked = 0;
  const ask = () => {
    asked++;
    if (asked === 1) {
      display.stopping();
      stop(started);
    } else signal(started.pid, "SIGKILL");
  };
  signals.forEach((name) => process.on(name, ask));
  const { code } = await started.exited;
  follower.flush();
  follower.dispose();
  display.close();
  signals.forEach((name) => process.off(name, ask));
  const record = await readRun(started.folder);
  const status = statusOf(code, asked > 0);
  tell(record, status, options);
  return { record, status };
}

function statusOf(code: number | null, asked: boolean): number {
  if (asked && (code === null || code === exit.interrupted)) return exit.interrupted;
  return code ?? exit.failed;
}

function stop({ pid, folder }: StartedRun): void {
  // Where there are no signals the process looks for a file.
  if (process.platform === "win32") void stopRun(folder);
  else signal(pid, "SIGTERM");
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself just now.
  }
}

function tell(
  { folder, info, verdict }: RunRecord,
  status: number,
  { json, logStart = 0 }: WatchOptions,
): void {
  const ended = status === exit.done || status === exit.interrupted;
  if (!ended) {
    const text = logTail(join(folder, files.log), logStart);
    const reason = process.env.BASIN_DEBUG === "1" ? text : withoutStack(text);
    process.stderr.write(`${reason || `The run process ended unexpectedly (status ${status}).`}\n`);
    process.stderr.write(`The log of the run: ${shownPath(join(folder, files.log))}\n`);
  }
  if (verdict && json) process.stdout.write(`${stringify({ kind: "verdict", ...verdict })}\n`);
  if (json) return;
  if (verdict && ended)
    process.stdout.write(`\n${verdictLines(verdict, styleOf(process.stdout)).join("\n")}\n`);
  if (status === exit.interrupted)
    process.stdout.write(`\nInterrupted. Go on with it: basin resume ${info.id}\n`);
  if (ended) process.stdout.write(`\nRun folder: ${shownPath(folder)}\n`);
}

const tailBytes = 16_384;

/** The end of a log from `start` on. */
function logTail(path: string, start: number): string {
  try {
    const from = Math.max(start, statSync(path).size - tailBytes);
    const fd = openSync(path, "r");
    const bytes = Buffer.alloc(tailBytes);
    const length = readSync(fd, bytes, 0, tailBytes, from);
    closeSync(fd);
    return bytes.toString("utf8", 0, length).trim();
  } catch {
    return "";
  }
}

/** A message without the "at …" lines of a stack trace and Node's own frame around it. */
export const withoutStack = (text: string): string =>
  text
    .split("\n")
    .filter((line) => !/^\s+at /.test(line) && !/^Node\.js v/.test(line))
    .join("\n")
    .trim();
