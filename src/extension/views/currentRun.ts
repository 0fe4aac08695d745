// The view in the bottom panel: the run of the file that the user is at, the one that trains before any other.
import * as vscode from "vscode";
import type { Disposables } from "../disposables";
import { currentViewId } from "../ids";
import { RunPage } from "../panel/runPage";
import type { Services } from "../services";

export function registerCurrentRun(services: Services, own: Disposables): void {
  const { runs, activeFile } = services;
  const provider: vscode.WebviewViewProvider = {
    resolveWebviewView: (view) => {
      const page = new RunPage(view.webview, services, {
        page: "current",
        file: () => activeFile.uri,
        choose: () => {
          const { uri } = activeFile;
          const shown = uri ? runs.of(uri.fsPath) : runs.all;
          return shown.find(({ status }) => status === "running") ?? shown[0];
        },
        onShow: (run) => {
          view.description = run?.info.experiment.name;
        },
      });
      const followed = activeFile.onDidChange(() => page.refresh());
      view.onDidChangeVisibility(() => {
        if (!view.visible) page.hidden();
      });
      view.onDidDispose(() => {
        followed.dispose();
        page.dispose();
      });
    },
  };
  own.own(vscode.window.registerWebviewViewProvider(currentViewId, provider));
}
