// Basin: Run Experiment. From a lens or the tree its file is given; from the palette the user picks one of the workspace's.
import * as vscode from "vscode";
import type { Services, TrainingServices } from "../services";
import type { LaunchPlace } from "../workspace/runStarter";
import type { Command } from "./command";
import { experimentFrom, pickExperiment } from "./experimentFrom";
import { commandIds } from "./ids";

export const run: Command = {
  id: commandIds.run,
  title: "Run Experiment",
  needs: "trust",
  run: async (services, argument) => {
    const uri = experimentFrom(argument) ?? (await pickExperiment(services, "Experiment to run"));
    if (uri) await start(services, uri);
  },
};

/** Starts an experiment, after asking where it trains already. */
export async function start(
  services: TrainingServices,
  uri: vscode.Uri,
  overrides: readonly string[] = [],
  on?: LaunchPlace,
): Promise<void> {
  if (!(await mayStart(services, uri))) return;
  const outcome = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: "Basin: starting…" },
    () => services.starter.start(uri, overrides, on),
  );
  if (outcome === "started") return;
  const show = "Show Problems";
  const text = "Basin: this experiment cannot run yet; its problems are marked in the file.";
  await vscode.window.showTextDocument(uri);
  const answer = await vscode.window.showErrorMessage(text, show);
  if (answer === show) await vscode.commands.executeCommand("workbench.actions.view.problems");
}

async function mayStart({ runs, panel }: Services, uri: vscode.Uri): Promise<boolean> {
  await runs.refresh();
  const active = runs.of(uri.fsPath).filter(({ status }) => status === "running" || status === "queued");
  const [latest] = active;
  if (!latest) return true;
  const [anyway, show] = ["Run Anyway", "Show It"];
  const count = active.length === 1 ? "a run of it" : `${active.length} runs of it`;
  const text = `${latest.info.experiment.name} trains already.`;
  const detail = `There is ${count} that has not ended. Another one trains beside it, and both take longer.`;
  const answer = await vscode.window.showWarningMessage(text, { modal: true, detail }, anyway, show);
  if (answer === show) panel.show(latest.folder);
  return answer === anyway;
}
