// Which inline elements the user wants.
import * as vscode from "vscode";

export type InlineElement = "hints" | "sparklines" | "hovers" | "lenses";

export const isShown = (element: InlineElement): boolean =>
  vscode.workspace.getConfiguration("basin.inline").get<boolean>(element, true);

/** Calls back when one of them is switched on or off. */
export const onShownChange = (changed: () => void): vscode.Disposable =>
  vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration("basin.inline")) changed();
  });
