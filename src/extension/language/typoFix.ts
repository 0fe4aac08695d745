// The quick fix of a mistyped key or word: puts what the checker's "did you mean" names.
import * as vscode from "vscode";
import type { Disposables } from "../disposables";
import { experimentSelector, localSelector } from "./selectors";
import { TypoDiagnostic } from "./checkDiagnostics";

export function registerTypoFix(own: Disposables): void {
  const provider: vscode.CodeActionProvider = {
    // The context holds copies that lost our field: the diagnostics themselves are asked instead.
    provideCodeActions: (document, range) =>
      vscode.languages
        .getDiagnostics(document.uri)
        .filter((found) => found instanceof TypoDiagnostic && found.range.intersection(range) !== undefined)
        .flatMap((found) => fixOf(document, found as TypoDiagnostic)),
  };
  own.own(
    vscode.languages.registerCodeActionsProvider([...experimentSelector(), ...localSelector()], provider, {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
  );
}

function fixOf(document: vscode.TextDocument, diagnostic: TypoDiagnostic): vscode.CodeAction[] {
  const { fix, range } = diagnostic;
  if (fix === undefined) return [];
  const action = new vscode.CodeAction(`Change to ${fix}`, vscode.CodeActionKind.QuickFix);
  action.edit = new vscode.WorkspaceEdit();
  action.edit.replace(document.uri, range, fix);
  action.diagnostics = [diagnostic];
  action.isPreferred = true;
  return [action];
}
