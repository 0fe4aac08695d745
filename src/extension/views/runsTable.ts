// The view in the bottom panel with the table of runs.
import * as vscode from "vscode";
import type { Disposables } from "../disposables";
import { tableViewId } from "../ids";
import type { Services } from "../services";
import { TablePage } from "../table/tablePage";

export function registerRunsTable(services: Services, own: Disposables): void {
  const provider: vscode.WebviewViewProvider = {
    resolveWebviewView: (view) => {
      const page = new TablePage(view.webview, services);
      view.onDidChangeVisibility(() => {
        if (!view.visible) page.hidden();
      });
      view.onDidDispose(() => page.dispose());
    },
  };
  own.own(vscode.window.registerWebviewViewProvider(tableViewId, provider));
}
