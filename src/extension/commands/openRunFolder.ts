// Basin: Open Run Folder. In the system's file manager, or where that is another machine's, in the editor's explorer.
import * as vscode from "vscode";
import { isReadOnly } from "../readOnly";
import type { Services } from "../services";
import type { Command } from "./command";
import { commandIds } from "./ids";
import { pickRun } from "./pickRun";

export const openRunFolder: Command<Services> = {
  id: commandIds.openRunFolder,
  title: "Open Run Folder",
  run: async (services, argument) => {
    const texts = { placeHolder: "Run", none: "there is no run yet." };
    const run = await pickRun(services, argument, () => true, texts);
    if (!run) return;
    const here =
      !isReadOnly() && vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined;
    const command = here ? "revealFileInOS" : "revealInExplorer";
    await vscode.commands.executeCommand(command, services.runs.source.uriIn(run.folder));
  },
};
