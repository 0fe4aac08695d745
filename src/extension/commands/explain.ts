// Basin: Explain Spike. Shows what happened where a run's loss jumped: in the panel where the verdict tells it, else as the command line finds it now.
import { dirname } from "node:path";
import * as vscode from "vscode";
import { checkpointSteps } from "../../launchers/checkpoints";
import { runCli } from "../cliProcess";
import type { Command } from "./command";
import { commandIds } from "./ids";
import { pickRun } from "./pickRun";

export const explain: Command = {
  id: commandIds.explain,
  title: "Explain Spike",
  needs: "trust",
  run: async (services, argument) => {
    const run = await pickRun(
      services,
      argument,
      ({ verdict, folder }) => verdict?.explanation !== undefined || checkpointSteps(folder).length > 0,
      { placeHolder: "Run whose loss jumped", none: "no run has a checkpoint to begin from yet." },
    );
    if (!run) return;
    if (run.verdict?.explanation) return services.panel.show(run.folder, { chart: "explanation" });
    const { status, output, errors } = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: "Basin: training again from before the spike, and measuring there…",
        cancellable: true,
      },
      (_, token) =>
        runCli(services.context, ["explain", run.folder, "--runs", dirname(run.folder)], {
          token,
          cwd: dirname(run.folder),
        }),
    );
    if (status === 0) await services.reports.show(`What happened in ${services.runs.nameOf(run)}`, output);
    else if (status !== null) throw new Error(errors || `It ended with status ${status}.`);
  },
};
