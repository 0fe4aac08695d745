// `basin branch RUN --step N --set …`: a new run that starts from a checkpoint of another, with other settings.
import { dirname } from "node:path";
import { findRun, runQueue, submitBranch } from "../launchers";
import { describePoint } from "../protocol/runId";
import { hasScript } from "../protocol/script";
import { experimentOf } from "../record/decodeRunInfo";
import { usageError } from "./arguments";
import type { Command } from "./command";
import { setOption, shownPath } from "./experiments";
import { processes, runsDirHere, runsOption } from "./places";
import { watchRuns } from "./watchRuns";

export const branch: Command = {
  name: "branch",
  usage: "RUN --step N [--set KEY=VALUE]… [--runs DIR] [--json]",
  summary: "start a new run from a checkpoint of a run, with other settings",
  details:
    "The new run counts its steps on from N. Optimizer state goes along where the kind of optimizer stays the same, and the order of batches where batch size and seed do.",
  options: [
    { name: "step", value: "N", text: "step of the checkpoint to start from" },
    setOption,
    runsOption,
    { name: "json", text: "print every event, then the verdict, as one JSON object a line" },
  ],
  words: { least: 1, most: 1, what: "a run" },
  run: async (given) => {
    const record = await findRun(runsDirHere(given), given.words[0]);
    // A script may have saved no state to name.
    if (!given.has("step") && !hasScript(record.info.experiment))
      throw usageError("branch", "--step is missing", "Name a checkpoint: --step N.");
    const asked = { step: given.one("step"), overrides: given.all("set"), shown: shownPath };
    const { made, step, experiment, overrides } = submitBranch(record, asked);
    await runQueue(dirname(record.folder), processes);
    const changes = Object.keys(overrides).length > 0 ? ` · ${describePoint(overrides)}` : "";
    const title = `${experiment.name} · from ${record.info.id} at step ${step}${changes}`;
    const [outcome] = await watchRuns([{ ...made, experiment: experimentOf(experiment), title }], {
      json: given.has("json"),
    });
    return outcome.status;
  },
};
