// `basin fetch tensorflow`: asks, then builds the engine and says how to use it.
import { createInterface } from "node:readline/promises";
import { stringify } from "../protocol/numbers";
import { usageError, type Arguments } from "./arguments";
import { exit } from "./command";
import { fetchTensorflow } from "./download/fetchTensorflow";
import { print, warn } from "./show/print";

export const engineName = "tensorflow";

const question =
  "This downloads about 350 MB with npm and pip, compiles a binding with your C++ compiler and fills 1 GB of the cache. Go on? [y/N] ";

/** @returns the exit status. @throws UserError naming what is missing here. */
export async function fetchEngine(given: Arguments): Promise<number> {
  const json = given.has("json");
  if (given.one("from") !== undefined) throw usageError("fetch", "--from is for data sets");
  if (!given.has("yes") && !(await agreed())) return exit.failed;
  const interrupt = new AbortController();
  const stop = () => interrupt.abort();
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const report = {
    note: (message: string) => print(json ? `${stringify({ kind: "note", message })}\n` : `${message}\n`),
  };
  try {
    const { folder, present } = await fetchTensorflow(report, interrupt.signal);
    if (json) print(`${stringify({ kind: "end", engine: engineName, folder })}\n`);
    else print(`${folder}  ${present ? "present" : "built"}\nUse it with "engine": "${engineName}".\n`);
    return exit.done;
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    warn("Stopped. Nothing of it is kept.\n");
    return exit.interrupted;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

async function agreed(): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw usageError("fetch", "the TensorFlow engine is built only when asked to", "Add --yes.");
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}
