// Calls back for every open experiment file: when it opens, after it is edited, and when something outside changes.
import * as vscode from "vscode";
import type { Disposables } from "../disposables";
import { isExperimentPath, isLocalPath, isScriptPath } from "../ids";
import { isOfWorkspace } from "./selectors";

export const isExperiment = (document: vscode.TextDocument): boolean =>
  isOfWorkspace(document) && isExperimentPath(document.uri.path);

/** A Python script: one of many that have nothing to do with Basin, unless runs say so. */
export const isScript = (document: vscode.TextDocument): boolean =>
  isOfWorkspace(document) && isScriptPath(document.uri.path);

export const isOwnSettings = (document: vscode.TextDocument): boolean =>
  isOfWorkspace(document) && isLocalPath(document.uri.path);

/** Milliseconds of quiet after a key press before the file is checked. */
const quiet = 250;

/**
 * @param inspect Called with an open experiment; may be asynchronous, later calls win.
 * @param closed  Called when one closes.
 * @param which   Whether a document is inspected.
 * @returns       Inspects all of them again.
 */
export function eachOpenExperiment(
  own: Disposables,
  inspect: (document: vscode.TextDocument) => void,
  closed: (uri: vscode.Uri) => void,
  which: (document: vscode.TextDocument) => boolean = isExperiment,
): () => void {
  const timers = new Map<string, NodeJS.Timeout>();
  const later = (document: vscode.TextDocument) => {
    if (!which(document)) return;
    const key = document.uri.toString();
    clearTimeout(timers.get(key));
    timers.set(
      key,
      setTimeout(() => {
        timers.delete(key);
        if (!document.isClosed) inspect(document);
      }, quiet),
    );
  };
  const all = () => vscode.workspace.textDocuments.filter(which).forEach(later);
  own.own(vscode.workspace.onDidOpenTextDocument(later));
  own.own(vscode.workspace.onDidChangeTextDocument(({ document }) => later(document)));
  own.own(vscode.workspace.onDidCloseTextDocument(({ uri }) => closed(uri)));
  own.own({ dispose: () => timers.forEach((timer) => clearTimeout(timer)) });
  all();
  return all;
}
