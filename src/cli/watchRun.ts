// Waits for a run process with a display, passes on Ctrl-C, and says how it ended.
import { join } from "node:path";
import { followRun, readLog, readRun, stopRun, type RunRecord, type StartedRun } from "../launchers";
import type { RunEvent } from "../protocol/events";
import { stringify } from "../protocol/numbers";
import { files } from "../protocol/runFolder";
import type { Experiment } from "../protocol/experiment";
import { exit } from "./command";
import { displayFor } from "./show/displays";
import { Progress } from "./show/progress";
import { columnsOf, styleOf } from "./show/text";
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
  /** Headers the log held before this process: as JSON only its own events are told. */
  readonly headersBefore?: number;
}

/** Follows a started run to its end and prints its verdict. */
export async function watchRun(started: StartedRun, options: WatchOptions): Promise<Watched> {
  const progress = new Progress(options.experiment);
  const { headersBefore = 0 } = options;
  let headers = 0;
  const display = displayFor(progress, options.title, options.json);
  const follower = followRun(started.folder, {
    onEvents: (events) => {
      const own: RunEvent[] = [];
      for (const event of events) {
        // The display of a resumed run starts with the curves it had before.
        progress.add(event);
        if (event.kind === "header") headers++;
        if (headers > headersBefore) own.push(event);
      }
      display.update(own);
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
  try {
    const { code } = await started.exited;
    follower.flush();
    display.close();
    const status = asked > 0 && code !== exit.badInput ? exit.interrupted : code;
    const record = await readRun(started.folder);
    tell(record, status, options.json);
    return { record, status };
  } finally {
    follower.dispose();
    display.close();
    signals.forEach((name) => process.off(name, ask));
  }
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

function tell({ folder, info, verdict }: RunRecord, status: number, json: boolean): void {
  const ended = status === exit.done || status === exit.interrupted;
  if (!ended) {
    const text = readLog(folder, 40);
    const reason = process.env.BASIN_DEBUG === "1" ? text : withoutStack(text);
    process.stderr.write(`${reason || `The run process ended unexpectedly (status ${status}).`}\n`);
    process.stderr.write(`The log of the run: ${shownPath(join(folder, files.log))}\n`);
  }
  if (verdict && json) process.stdout.write(`${stringify({ kind: "verdict", ...verdict })}\n`);
  if (json) return;
  if (verdict && ended)
    process.stdout.write(
      `\n${verdictLines(verdict, styleOf(process.stdout), columnsOf(process.stdout)).join("\n")}\n`,
    );
  if (status === exit.interrupted)
    process.stdout.write(`\nInterrupted. Go on with it: basin resume ${info.id}\n`);
  if (ended) process.stdout.write(`\nRun folder: ${shownPath(folder)}\n`);
}

/** A message without the "at …" lines of a stack trace and Node's own frame around it. */
export const withoutStack = (text: string): string =>
  text
    .split("\n")
    .filter((line) => !/^\s+at /.test(line) && !/^Node\.js v/.test(line))
    .join("\n")
    .trim();
