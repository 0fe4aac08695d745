// What the schema cannot say, such as a missing data file, as diagnostics from the checker the command line uses.
import { existsSync } from "node:fs";
import * as vscode from "vscode";
import type { Problem, SourcePlace } from "../../protocol/errors";
import { experimentText } from "../../record/disk/experimentText";
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
    const { problems, placeOf } = checkExperiment(document.getText(), document.uri.fsPath, {
      exists: existsSync,
      readText: textOf,
    });
    // VS Code's JSON service reports broken syntax; everything else is said here, in the words of the command line.
    const ours = problems.filter(
      ({ from, place }) => from !== "syntax" || place.file !== document.uri.fsPath,
    );
    collection.set(
      document.uri,
      ours.map((problem) =>
        toDiagnostic(document, inThisFile(problem, document.uri.fsPath, placeOf("extends"))),
      ),
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

/** The text of a file that is extended: as it is being edited, else as it lies on disk. */
const textOf = (path: string): string | undefined =>
  vscode.workspace.textDocuments.find(({ uri }) => uri.fsPath === path)?.getText() ?? experimentText(path);

/** A problem of a file that this one extends stands at `extends` and says where it really is. */
function inThisFile(problem: Problem, file: string, extending: SourcePlace): Problem {
  const { place, message } = problem;
  if (place.file === file) return problem;
  const where = place.line === undefined ? place.file : `${place.file}:${place.line}`;
  return { ...problem, message: `${where}: ${message}`, fix: undefined, place: extending };
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
