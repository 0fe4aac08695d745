// `basin stop RUN…`: asks runs to end, wherever they were started; waiting ones leave the queue.
import { findRun, listRuns, stopRuns, type RunRecord } from "../launchers";
import { fileError } from "../protocol/errors";
import { isActive } from "../types/runStatus";
import type { Arguments } from "./arguments";
import { exit, type Command } from "./command";
import { runsDirHere, runsOption } from "./places";
import { print } from "./show/print";

export const stop: Command = {
  name: "stop",
  usage: "RUN… | all [--now] [--runs DIR]",
  summary: "stop runs that train, after judging them, and take waiting ones out of the queue",
  details:
    "The rest of a sweep goes on when one of its points is stopped; `all` stops every run, waiting ones first.",
  options: [runsOption, { name: "now", text: "end them at once, without a verdict" }],
  words: { least: 1, most: Infinity, what: "a run, or all" },
  run: async (given) => {
    const runs = await meant(given);
    await stopRuns(runs, given.has("now") ? "now" : "ask");
    for (const { info, status } of runs)
      print(`${info.id}: ${status === "queued" ? "taken out of the queue" : "asked to stop"}\n`);
    if (runs.length === 0) print("Nothing trains or waits here.\n");
    return exit.done;
  },
};

async function meant(given: Arguments): Promise<RunRecord[]> {
  const runsDir = runsDirHere(given);
  if (given.words.includes("all")) return (await listRuns(runsDir)).filter(({ status }) => isActive(status));
  const runs = await Promise.all(given.words.map((name) => findRun(runsDir, name)));
  const ended = runs.find(({ status }) => !isActive(status));
  if (ended)
    throw fileError(ended.info.id, `does not train: it ${ended.status}`, "`basin list` shows what does.");
  return runs;
}
