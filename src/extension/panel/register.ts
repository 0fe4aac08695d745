// Brings the panel back after a reload: VS Code hands over the empty panel with the run it showed.
import * as vscode from "vscode";
import type { Disposables } from "../disposables";
import { panelType } from "../ids";
import type { Services } from "../services";
import { runKeyOf } from "../views/tree";

export function registerPanel({ panel, starter, runs, experiments }: Services, own: Disposables): void {
  own.own(starter.onDidStart(({ folder }) => panel.show(folder, { preserveFocus: true })));
  own.own(
    vscode.window.registerWebviewPanelSerializer(panelType, {
      deserializeWebviewPanel: async (webviewPanel, state) => {
        if (experiments.all.length === 0) await experiments.refresh();
        await runs.refresh();
        panel.restore(webviewPanel, runKeyOf(state));
      },
    }),
  );
}
