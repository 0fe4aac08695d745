// Basin: Escape from Run. Restarts near the point a run reached, at other settings: does training leave it, and as fast as predicted?
import { dirname } from "node:path";
import * as vscode from "vscode";
import { checkpointSteps } from "../../launchers/checkpoints";
import { runCli } from "../cliProcess";
import { askSettings, pickStep, problemOfRun } from "./askSettings";
import type { Command } from "./command";
import { commandIds } from "./ids";
import { pickRun } from "./pickRun";

export const escape: Command = {
  id: commandIds.escape,
  title: "Escape from Run",
  needs: "trust",
  run: async (services, argument) => {
    const texts = { placeHolder: "Run whose point is left", none: "no run has a checkpoint yet." };
    const run = await pickRun(services, argument, ({ folder }) => checkpointSteps(folder).length > 0, texts);
    if (!run) return;
    const step = await pickStep(run, "Checkpoint to restart from");
    if (step === undefined) return;
    const overrides = await askSettings({
      title: `Restart near the point of step ${step.toLocaleString("en-US")}`,
      value: `optimizer.learningRate=${run.info.experiment.optimizer.learningRate}`,
      problemOf: (typed) => problemOfRun(run, typed),
    });
    if (!overrides) return;
    const settings = overrides.flatMap((one) => ["--set", one]);
    const args = ["escape", run.folder, "--step", String(step), "--runs", dirname(run.folder), ...settings];
    const title = "Basin: restarting near the point that the run reached…";
    const progress = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    const { status, output, errors } = await vscode.window.withProgress(progress, (_, token) =>
      runCli(services.context, args, { token, cwd: dirname(run.folder) }),
    );
    if (status === 0) await services.reports.show(`Escape from ${services.runs.nameOf(run)}`, output);
    else if (status !== null) throw new Error(errors || `It ended with status ${status}.`);
  },
};
