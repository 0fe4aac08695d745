// What the checker has against experiments and a person's own settings, as diagnostics: each in the file the mistake is in.
import * as vscode from "vscode";
import type { Problem, SourcePlace } from "../../protocol/errors";
import type { Disposables } from "../disposables";
import { diagnosticSource, isLocalPath } from "../ids";
import type { Services } from "../services";
import { loadChecker } from "./checker";
import { eachOpenExperiment, isExperiment, isOwnSettings } from "./openExperiments";
import { openOptions } from "./openOptions";
import { rangeOf } from "./places";

export function registerCheckDiagnostics({ log }: Services, own: Disposables): void {
  const shown = new ProblemsByFile(own.own(vscode.languages.createDiagnosticCollection("basin.check")));
  const check = async (document: vscode.TextDocument) => {
    const checker = await loadChecker();
    if (!document.isClosed) shown.set(document, problemsOf(document, checker));
  };
  const recheck = (document: vscode.TextDocument) => {
    check(document).catch((error: unknown) => log.error(`Checking ${document.uri.fsPath}: ${String(error)}`));
  };
  const again = eachOpenExperiment(own, recheck, (uri) => shown.delete(uri), isOurs);
  // A data file that appears or goes changes what is wrong, and so does a file that others take settings from.
  own.own(vscode.workspace.onDidCreateFiles(again));
  own.own(vscode.workspace.onDidDeleteFiles(again));
  own.own(vscode.workspace.onDidRenameFiles(again));
  own.own(vscode.window.onDidChangeActiveTextEditor(again));
  own.own(
    vscode.workspace.onDidSaveTextDocument((document) => {
      if (isOurs(document)) again();
    }),
  );
}

const isOurs = (document: vscode.TextDocument): boolean => isExperiment(document) || isOwnSettings(document);

/** The problems of one open document, those of the files it takes settings from among them. */
function problemsOf(
  document: vscode.TextDocument,
  { checkExperiment, checkLocal }: Awaited<ReturnType<typeof loadChecker>>,
): Problem[] {
  const file = document.uri.fsPath;
  if (isOwnSettings(document)) return checkLocal(document.getText(), file).filter(notSyntaxOf(file));
  const { problems, placeOf } = checkExperiment(document.getText(), file, openOptions(file));
  // A mistake elsewhere stands there, and in this file where the other one comes in.
  return problems.filter(notSyntaxOf(file)).flatMap((problem) => {
    if (problem.place.file === file) return [problem];
    const through = isLocalPath(problem.place.file.replaceAll("\\", "/")) ? "" : "extends";
    return [problem, pointingTo(problem, placeOf(through))];
  });
}

/** VS Code's JSON service reports broken syntax of an open document; everything else is said here, in the command line's words. */
const notSyntaxOf =
  (file: string) =>
  ({ from, place }: Problem): boolean =>
    from !== "syntax" || place.file !== file;

/** A problem of another file at a place of this one, with where it really is in front. */
function pointingTo(problem: Problem, place: SourcePlace): Problem {
  const { line } = problem.place;
  const file = vscode.workspace.asRelativePath(problem.place.file);
  const where = line === undefined ? file : `${file}:${line}`;
  return { ...problem, message: `${where}: ${problem.message}`, fix: undefined, place };
}

/** The diagnostics of every file, gathered from the open documents that reach it. */
class ProblemsByFile {
  private readonly of = new Map<
    string,
    { readonly document: vscode.TextDocument; readonly problems: readonly Problem[] }
  >();

  constructor(private readonly collection: vscode.DiagnosticCollection) {}

  set(document: vscode.TextDocument, problems: readonly Problem[]): void {
    this.change(document.uri, () => this.of.set(document.uri.toString(), { document, problems }));
  }

  delete(uri: vscode.Uri): void {
    this.change(uri, () => this.of.delete(uri.toString()));
  }

  /** Shows anew the files that a document's problems were in, and those they are in now. */
  private change(uri: vscode.Uri, make: () => void): void {
    const files = () => (this.of.get(uri.toString())?.problems ?? []).map(({ place }) => place.file);
    const touched = new Set([uri.fsPath, ...files()]);
    make();
    for (const file of [...touched, ...files()]) this.show(file);
  }

  private show(file: string): void {
    const found = new Map<string, TypoDiagnostic>();
    const open = [...this.of.values()].find(({ document }) => document.uri.fsPath === file)?.document;
    for (const { problems } of this.of.values())
      for (const problem of problems)
        // Two files that take from a third find the same there.
        if (problem.place.file === file)
          found.set(JSON.stringify([problem.place, problem.message]), toDiagnostic(open, problem));
    this.collection.set(vscode.Uri.file(file), [...found.values()]);
  }
}

/** A problem of which the checker knows what was meant. */
export class TypoDiagnostic extends vscode.Diagnostic {
  /** The text that is right in the diagnostic's place. */
  fix?: string;
}

function toDiagnostic(
  document: vscode.TextDocument | undefined,
  { message, hint, severity, place, fix }: Problem,
): TypoDiagnostic {
  const text = hint ? `${message}\n${hint}` : message;
  const level = vscode.DiagnosticSeverity[severity === "error" ? "Error" : "Warning"];
  const diagnostic = new TypoDiagnostic(rangeOf(document, place), text, level);
  diagnostic.fix = fix;
  diagnostic.source = diagnosticSource;
  return diagnostic;
}
