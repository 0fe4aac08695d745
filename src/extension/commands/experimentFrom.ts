// Which experiment a command is meant for: the one it was called with, else the user's pick among those of the workspace.
import * as vscode from "vscode";
import { isExperimentPath } from "../ids";
import type { Services } from "../services";
import { commandIds } from "./ids";

/** A uri from a lens, the editor's title or the explorer; an experiment from the tree; `"active"`, from a key, the file in the editor. */
export function experimentFrom(argument: unknown): vscode.Uri | undefined {
  if (argument instanceof vscode.Uri) return argument;
  if (argument === "active") return activeExperiment();
  if (typeof argument !== "object" || argument === null || !("experiment" in argument)) return undefined;
  const { experiment } = argument;
  const uri: unknown =
    typeof experiment === "object" && experiment && "uri" in experiment ? experiment.uri : undefined;
  return uri instanceof vscode.Uri ? uri : undefined;
}

function activeExperiment(): vscode.Uri | undefined {
  const { activeTextEditor, tabGroups } = vscode.window;
  const input = tabGroups.activeTabGroup.activeTab?.input;
  // A dashboard is no editor of text.
  const uri = input instanceof vscode.TabInputCustom ? input.uri : activeTextEditor?.document.uri;
  return uri && isExperimentPath(uri.path) ? uri : undefined;
}

export async function pickExperiment(
  { experiments }: Services,
  placeHolder: string,
): Promise<vscode.Uri | undefined> {
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
  // The file being edited comes first.
  const active = activeExperiment()?.toString();
  const rank = (uri: vscode.Uri) => (uri.toString() === active ? 0 : 1);
  const items = experiments.all
    .map(({ uri, name, folder }) => ({ label: name, description: folder, uri }))
    .sort((a, b) => rank(a.uri) - rank(b.uri));
  const picked = await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true });
  return picked?.uri;
}
