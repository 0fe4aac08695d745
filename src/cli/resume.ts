// `basin resume RUN`: goes on from the newest checkpoint of a run that was stopped before its end.
import { findRun, readEvents, resumeRun } from "../launchers";
import { fileError } from "../protocol/errors";
import type { Command } from "./command";
import { runScript, runsDirHere, runsOption } from "./places";
import { watchRun } from "./watchRun";

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
    if (status === "finished" || status === "diverged")
      throw fileError(info.id, `has ended: it ${status}`, "There is nothing left to train; start a new run.");
    const headersBefore = readEvents(folder).filter(({ kind }) => kind === "header").length;
    const started = await resumeRun({ folder, detached: false, runScript });
    const title = `${info.id} · resumed`;
    const options = { experiment: info.experiment, title, json: given.has("json"), headersBefore };
    return (await watchRun(started, options)).status;
  },
};
