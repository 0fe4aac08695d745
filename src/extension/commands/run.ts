// Basin: Run Experiment. From a lens or the tree its file is given; from the palette the user picks one of the workspace's.
import * as vscode from "vscode";
import { isExperimentPath } from "../ids";
import type { Services } from "../services";
import type { Command } from "./command";
import { commandIds } from "./ids";

export const run: Command = {
  id: commandIds.run,
  title: "Run Experiment",
  needs: "trust",
  run: async (services, argument) => {
    const uri = uriOf(argument) ?? (await pick(services));
    if (!uri) return;
    const outcome = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: "Basin: starting…" },
      () => services.starter.start(uri),
    );
    if (outcome === "started") return;
    const show = "Show Problems";
    const text = "Basin: this experiment cannot run yet; its problems are marked in the file.";
    await vscode.window.showTextDocument(uri);
    const answer = await vscode.window.showErrorMessage(text, show);
    if (answer === show) await vscode.commands.executeCommand("workbench.actions.view.problems");
  },
};

/** A uri from a lens, the editor's title or the explorer; an experiment from the tree. */
function uriOf(argument: unknown): vscode.Uri | undefined {
  if (argument instanceof vscode.Uri) return argument;
  if (typeof argument !== "object" || argument === null || !("experiment" in argument)) return undefined;
  const { experiment } = argument;
  const uri: unknown =
    typeof experiment === "object" && experiment && "uri" in experiment ? experiment.uri : undefined;
  return uri instanceof vscode.Uri ? uri : undefined;
}

async function pick({ experiments }: Services): Promise<vscode.Uri | undefined> {
  await experiments.refresh();
  if (experiments.all.length === 0) {
    const create = "New Experiment";
    const answer = await vscode.window.showInformationMessage(
      "Basin: there is no *.basin.json file in this workspace yet.",
      create,
    );
    if (answer === create) await vscode.commands.executeCommand(commandIds.newExperiment);
    return undefined;
  }
  const active = vscode.window.activeTextEditor?.document.uri;
  const items = experiments.all
    .map(({ uri, name, folder }) => ({ label: name, description: folder, uri }))
    .sort((a, b) => rank(a.uri, active) - rank(b.uri, active));
  const picked = await vscode.window.showQuickPick(items, {
    placeHolder: "Experiment to run",
    matchOnDescription: true,
  });
  return picked?.uri;
}

/** The file being edited comes first. */
const rank = (uri: vscode.Uri, active: vscode.Uri | undefined) =>
  active && isExperimentPath(active.path) && uri.toString() === active.toString() ? 0 : 1;
