// The quick fix of a flagged run: sets the learning rate to the largest value that is stable where the run ended.
import * as vscode from "vscode";

import type { Disposables } from "../disposables";
import { roundedDown } from "../format";
import { experimentSelector, flaggedCode } from "../ids";
import { FlaggedDiagnostic } from "./flaggedDiagnostics";

export function registerQuickFix(own: Disposables): void {
  const provider: vscode.CodeActionProvider = {
    provideCodeActions: (document, range, { diagnostics }) =>
      // The context holds copies that lost our field: the diagnostics themselves are asked instead.
      ours(document, range, diagnostics).flatMap((diagnostic) => fix(document, diagnostic)),
  };
  const kinds = [vscode.CodeActionKind.QuickFix];
  own.own(
    vscode.languages.registerCodeActionsProvider(experimentSelector, provider, {
      providedCodeActionKinds: kinds,
    }),
  );
}

function ours(
  document: vscode.TextDocument,
  range: vscode.Range,
  given: readonly vscode.Diagnostic[],
): FlaggedDiagnostic[] {
  const known = vscode.languages.getDiagnostics(document.uri);
  return [...new Set([...known, ...given])].filter(
    (diagnostic): diagnostic is FlaggedDiagnostic =>
      diagnostic instanceof FlaggedDiagnostic &&
      diagnostic.code === flaggedCode &&
      diagnostic.range.intersection(range) !== undefined,
  );
}

function fix(document: vscode.TextDocument, diagnostic: FlaggedDiagnostic): vscode.CodeAction[] {
  const { largestStable, learningRate } = diagnostic;
  if (
    learningRate === null ||
    largestStable === null ||
    !(largestStable > 0) ||
    !Number.isFinite(largestStable)
  )
    return [];
  const text = String(roundedDown(largestStable));
  const title = `Set learningRate to ${text}, the largest stable value`;
  const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
  action.edit = new vscode.WorkspaceEdit();
  action.edit.replace(document.uri, learningRate, text);
  action.diagnostics = [diagnostic];
  action.isPreferred = true;
  return [action];
}
