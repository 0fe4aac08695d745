// Brings the comparison back after a reload: which runs it shows is kept with the workspace.
import * as vscode from "vscode";
import type { Disposables } from "../disposables";
import { compareType } from "../ids";
import type { Services } from "../services";

export function registerCompare({ compare, runs, experiments }: Services, own: Disposables): void {
  own.own(
    vscode.window.registerWebviewPanelSerializer(compareType, {
      deserializeWebviewPanel: async (panel) => {
        if (experiments.all.length === 0) await experiments.refresh();
        await runs.refresh();
        compare.restore(panel);
      },
    }),
  );
}
