// `basin verdict RUN`: the judgement of one run.
import { findRun } from "../launchers";
import { fileError } from "../protocol/errors";
import { stringify } from "../protocol/numbers";
import { isActive } from "../types/runStatus";
import { exit, type Command } from "./command";
import { judgedRun } from "./judge";
import { runsDirHere, runsOption } from "./places";
import { print } from "./show/print";
import { columnsOf, styleOf } from "./show/text";
import { evidenceLines, verdictLines } from "./show/verdictText";

export const verdict: Command = {
  name: "verdict",
  usage: "RUN [--runs DIR] [--json]",
  summary: "is this run's learning rate stable, and on what evidence",
  options: [runsOption, { name: "json", text: "print verdict.json" }],
  words: { least: 1, most: 1, what: "a run" },
  run: async (given) => {
    const run = await judgedRun(await findRun(runsDirHere(given), given.words[0]));
    if (!run.verdict) {
      const running = isActive(run.status);
      const message = running
        ? `has no verdict yet: it ${run.status === "queued" ? "waits for its turn" : "still trains"}`
        : `has no verdict: it ${run.status}`;
      throw fileError(
        run.info.id,
        message,
        running ? undefined : `Go on with it: basin resume ${run.info.id}`,
      );
    }
    if (given.has("json")) print(`${stringify(run.verdict)}\n`);
    else {
      const [style, columns] = [styleOf(process.stdout), columnsOf(process.stdout)];
      const lines = verdictLines(run.verdict, style, columns);
      print(`${[...lines, "", ...evidenceLines(run.verdict, style, columns)].join("\n")}\n`);
    }
    return exit.done;
  },
};
