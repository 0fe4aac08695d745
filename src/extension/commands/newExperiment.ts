// Basin: New Experiment. A template, written under a name that is free, opened for editing.
import * as vscode from "vscode";
import type { Command } from "./command";
import { commandIds } from "./ids";
import { templates } from "./templates";

export const newExperiment: Command = {
  id: commandIds.newExperiment,
  title: "New Experiment",
  needs: "trust",
  run: async () => {
    const folders = vscode.workspace.workspaceFolders ?? [];
    if (folders.length === 0) {
      const open = "Open Folder";
      const text = "Basin: open a folder first; experiments are files in it.";
      const answer = await vscode.window.showInformationMessage(text, open);
      if (answer === open) await vscode.commands.executeCommand("vscode.openFolder");
      return;
    }
    const where = { placeHolder: "Folder of the new experiment" };
    const folder = folders.length === 1 ? folders[0] : await vscode.window.showWorkspaceFolderPick(where);
    if (!folder) return;
    const template = await vscode.window.showQuickPick(templates, { placeHolder: "Start from" });
    if (!template) return;
    const uri = await freeName(folder.uri, template.fileName);
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(template.text));
    await vscode.window.showTextDocument(uri);
  },
};

async function freeName(folder: vscode.Uri, base: string): Promise<vscode.Uri> {
  for (let n = 1; ; n++) {
    const uri = vscode.Uri.joinPath(folder, `${base}${n > 1 ? `-${n}` : ""}.basin.json`);
    const taken = await vscode.workspace.fs.stat(uri).then(
      () => true,
      () => false,
    );
    if (!taken) return uri;
  }
}
