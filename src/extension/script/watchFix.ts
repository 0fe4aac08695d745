// The code action at a training loop that nothing watches: puts the lines in which make Basin watch it.
import * as vscode from "vscode";
import type { Disposables } from "../disposables";
import { scriptSelector } from "../language/selectors";
import { mayTrain, watchedLoop } from "./trainingLoop";
import type { Insertion } from "./watchInsertion";

export function registerWatchFix(own: Disposables): void {
  const kind = vscode.CodeActionKind.RefactorRewrite;
  const provider: vscode.CodeActionProvider = {
    provideCodeActions: (document, range) => {
      const text = document.getText();
      if (!mayTrain(text)) return [];
      const at = document.offsetAt(range.start);
      const result = watchedLoop(text, at);
      // What cannot be watched is told by the command, to who asks.
      if ("refused" in result || at < result.loop.start || at > result.loop.end) return [];
      const action = new vscode.CodeAction("Watch this training loop with Basin", kind);
      action.edit = editOf(document, result.insertions);
      return [action];
    },
  };
  own.own(
    vscode.languages.registerCodeActionsProvider(scriptSelector(), provider, {
      providedCodeActionKinds: [kind],
    }),
  );
}

export function editOf(
  document: vscode.TextDocument,
  insertions: readonly Insertion[],
): vscode.WorkspaceEdit {
  const edit = new vscode.WorkspaceEdit();
  for (const { offset, text } of insertions) edit.insert(document.uri, document.positionAt(offset), text);
  return edit;
}
