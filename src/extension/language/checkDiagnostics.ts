// What the schema cannot say, such as a missing data file, as diagnostics from the checker the command line uses.
import { existsSync } from "node:fs";
import * as vscode from "vscode";
import type { Problem } from "../../protocol/errors";
import type { Disposables } from "../disposables";
import { diagnosticSource } from "../ids";
import type { Services } from "../services";
import { loadChecker } from "./checker";
import { eachOpenExperiment } from "./openExperiments";
import { rangeOf } from "./places";

export function registerCheckDiagnostics({ log }: Services, own: Disposables): void {
  const collection = own.own(vscode.languages.createDiagnosticCollection("basin.check"));
  const check = async (document: vscode.TextDocument) => {
    const { checkExperiment } = await loadChecker();
    const { problems } = checkExperiment(document.getText(), document.uri.fsPath, { exists: existsSync });
    // VS Code's JSON service reports broken syntax; everything else is said here, in the words of the command line.
    const ours = problems.filter(({ from }) => from !== "syntax");
    collection.set(
      document.uri,
      ours.map((problem) => toDiagnostic(document, problem)),
    );
  };
  const look = (document: vscode.TextDocument) => {
    check(document).catch((error: unknown) => log.error(`Checking ${document.uri.fsPath}: ${String(error)}`));
  };
  const again = eachOpenExperiment(own, look, (uri) => collection.delete(uri));
  // A data file that appears or goes changes what is wrong.
  own.own(vscode.workspace.onDidCreateFiles(again));
  own.own(vscode.workspace.onDidDeleteFiles(again));
  own.own(vscode.workspace.onDidRenameFiles(again));
  own.own(vscode.window.onDidChangeActiveTextEditor(again));
}

/** A problem of which the checker knows what was meant. */
export class TypoDiagnostic extends vscode.Diagnostic {
  /** The text that is right in the diagnostic's place. */
  fix?: string;
}

function toDiagnostic(document: vscode.TextDocument, { message, hint, severity, place, fix }: Problem) {
  const text = hint ? `${message}\n${hint}` : message;
  const level = vscode.DiagnosticSeverity[severity === "error" ? "Error" : "Warning"];
  const diagnostic = new TypoDiagnostic(rangeOf(document, place), text, level);
  diagnostic.fix = fix;
  diagnostic.source = diagnosticSource;
  return diagnostic;
}
