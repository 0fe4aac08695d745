// Brings the panel back after a reload: VS Code hands over the empty panel with the run it showed.
import * as vscode from "vscode";
import type { Disposables } from "../disposables";
import { panelType } from "../ids";
import type { Services, TrainingServices } from "../services";
import { runKeyOf } from "../views/tree";

/** A run that was started from here is shown, unless a dashboard or the map of its sweep, in sight, shows it already. */
export function showStartedRuns(
  { panel, starter, runs }: TrainingServices,
  others: readonly { readonly shows: (file: string) => boolean }[],
  own: Disposables,
): void {
  own.own(
    starter.onDidStart(({ folder }) => {
      const file = runs.byKey(folder)?.info.file;
      if (file === undefined || !others.some((one) => one.shows(file)))
        panel.show(folder, { preserveFocus: true });
    }),
  );
}

export function registerPanel({ panel, runs, experiments }: Services, own: Disposables): void {
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
