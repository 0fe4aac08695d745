// Basin: Watch This Training Loop. Puts the lines of Basin into the script being edited, or says why that cannot be done for it.
import * as vscode from "vscode";
import { isScriptPath } from "../ids";
import { editOf } from "../script/watchFix";
import { watchedLoop } from "../script/trainingLoop";
import type { Command } from "./command";
import { commandIds } from "./ids";

export const watchLoop: Command = {
  id: commandIds.watchLoop,
  title: "Watch This Training Loop",
  needs: "trust",
  run: async () => {
    const editor = vscode.window.activeTextEditor;
    if (!editor || !isScriptPath(editor.document.uri.path)) {
      void vscode.window.showInformationMessage(
        "Basin: open the Python script that trains, and put the cursor into its loop.",
      );
      return;
    }
    const { document, selection } = editor;
    const result = watchedLoop(document.getText(), document.offsetAt(selection.active));
    if ("refused" in result) {
      void vscode.window.showWarningMessage(
        `Basin puts nothing into this script: ${result.refused}. By hand it is basin.watch(model, optimizer, loss=…, data=…) before the loop, probe.step(loss) after optimizer.step(), and probe.close() at the end.`,
      );
      return;
    }
    await vscode.workspace.applyEdit(editOf(document, result.insertions));
  },
};
