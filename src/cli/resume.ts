// `basin resume RUN`: goes on from the newest checkpoint of a run that was stopped before its end.
import { findRun, resumeRun } from "../launchers";
import { fileError } from "../protocol/errors";
import { readSeries } from "../record/disk/readSeries";
import type { Command } from "./command";
import { processes, runsDirHere, runsOption } from "./places";
import { warn } from "./show/print";
import { watchRuns } from "./watchRuns";

export const resume: Command = {
  name: "resume",
  usage: "RUN [--runs DIR] [--json]",
  summary: "go on with an interrupted or killed run from its newest checkpoint",
  options: [
    runsOption,
    { name: "json", text: "print every event, then the verdict, as one JSON object a line" },
  ],
  words: { least: 1, most: 1, what: "a run" },
  run: async (given) => {
    const { folder, info, status } = await findRun(runsDirHere(given), given.words[0]);
    const { id, experiment } = info;
    if (status === "finished" || status === "diverged")
      throw fileError(id, `has ended: it ${status}`, "There is nothing left to train; start a new run.");
    const headersBefore = readSeries(folder).headers;
    const onWatch = (host: string, seconds: number) =>
      warn(`It trained on ${host} last; watching for ${seconds} s whether it still does.\n`);
    await resumeRun({ folder, onWatch, ...processes });
    const run = { folder, id, experiment, title: `${id} · ${headersBefore > 0 ? "resumed" : "started"}` };
    const [outcome] = await watchRuns([run], { json: given.has("json"), headersBefore });
    return outcome.status;
  },
};
