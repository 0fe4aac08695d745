// The editor tab that draws runs over one another: one for the window.
import * as vscode from "vscode";
import { compareType } from "../ids";
import { ComparePage, type CompareServices } from "./comparePage";

const title = "Compare Runs";

export class CompareHost {
  private panel: vscode.WebviewPanel | undefined;
  private page: ComparePage | undefined;

  constructor(private readonly services: CompareServices) {}

  show(): void {
    if (this.panel) return this.panel.reveal();
    this.adopt(vscode.window.createWebviewPanel(compareType, title, vscode.ViewColumn.Active, {}));
  }

  /** Takes over the tab that VS Code kept over a reload, unless the user has opened one since. */
  restore(panel: vscode.WebviewPanel): void {
    if (this.panel) panel.dispose();
    else this.adopt(panel);
  }

  private adopt(panel: vscode.WebviewPanel): void {
    panel.iconPath = vscode.Uri.joinPath(this.services.context.extensionUri, "media", "icon.png");
    const page = new ComparePage(panel.webview, this.services);
    this.panel = panel;
    this.page = page;
    panel.onDidChangeViewState(() => {
      if (!panel.visible) page.hidden();
    });
    panel.onDidDispose(() => {
      page.dispose();
      if (this.panel !== panel) return;
      this.panel = undefined;
      this.page = undefined;
    });
  }

  dispose(): void {
    this.page?.dispose();
  }
}
