// One measurement in a run process of its own: its answer, its progress, and its end when it is no longer wanted.
import { spawn } from "node:child_process";
import { stringify } from "../protocol/numbers";
import type { MeasureRequest } from "../protocol/request";
import { printable } from "../util/printable";
import { exit } from "./command";
import { runScript } from "./places";
import { warn } from "./show/print";
import { withoutStack } from "./watchRuns";

type Question = "measure" | "escape" | "explain" | "explore" | "suggest";

export interface Asking {
  /** Ends the measurement when it is aborted. */
  readonly signal: AbortSignal;
  /** Called with each line that says what is being measured. */
  readonly onProgress?: (line: string) => void;
}

export interface Answer {
  /** Of the contract. */
  readonly status: number;
  readonly output: string;
  /** What a measurement that failed said of it; "" for one that was interrupted. */
  readonly message: string;
}

/** Runs one measurement until it answers or the signal ends it. */
export function askProcess(
  command: Question,
  request: MeasureRequest,
  { signal, onProgress }: Asking,
): Promise<Answer> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [runScript, command], {
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
    });
    // The pipe stays open: it closes when we end, in whatever way, and the measurement ends with it.
    child.stdin.on("error", () => undefined).write(`${stringify(request)}\n`);
    let output = "";
    let said = "";
    const stop = () => child.kill("SIGKILL");
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const line = text.trim().split("\n").at(-1);
      if (line) onProgress?.(line);
    });
    child.once("error", failed);
    child.once("close", (code) => {
      signal.removeEventListener("abort", stop);
      const status = signal.aborted ? exit.interrupted : (code ?? exit.failed);
      const silent = status === exit.done || status === exit.interrupted;
      done({ status, output, message: silent ? "" : messageIn(said) });
    });
  });
}

/** Runs one measurement for the terminal: its progress is shown on a terminal's stderr, its mistakes always; Ctrl-C ends it. */
export async function ask(
  command: Question,
  request: MeasureRequest,
): Promise<{ status: number; output: string }> {
  const live = process.stderr.isTTY;
  const interrupt = new AbortController();
  const stop = () => interrupt.abort();
  process.on("SIGINT", stop).on("SIGTERM", stop);
  const onProgress = (line: string): void => {
    if (live)
      process.stderr.write(`\r\u001b[K${printable(line).slice(0, (process.stderr.columns || 80) - 1)}`);
  };
  const { status, output, message } = await askProcess(command, request, {
    signal: interrupt.signal,
    onProgress,
  });
  process.off("SIGINT", stop).off("SIGTERM", stop);
  if (live) process.stderr.write("\r\u001b[K");
  if (message) warn(`${message}\n`);
  return { status, output };
}

/** Of what a failed measurement said, all but its progress and, for us alone, its stack. */
function messageIn(said: string): string {
  if (process.env.BASIN_DEBUG === "1") return said.trim();
  const text = withoutStack(said.replace(/^measuring .*\n/gm, ""));
  return text || "The measurement ended unexpectedly.";
}
