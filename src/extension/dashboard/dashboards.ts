// Experiment files as a form beside the verdict and charts of their run: an editor of the same document as the text.
import * as vscode from "vscode";
import { Disposables } from "../disposables";
import { dashboardType } from "../ids";
import { RunPage, type PageServices } from "../panel/runPage";
import { samePath } from "../workspace/runs";

export class Dashboards {
  private readonly own = new Disposables();
  private readonly open = new Map<vscode.WebviewPanel, vscode.Uri>();

  constructor(private readonly services: PageServices) {
    const provider: vscode.CustomTextEditorProvider = {
      resolveCustomTextEditor: (document, panel) => this.resolve(document, panel),
    };
    this.own.own(vscode.window.registerCustomEditorProvider(dashboardType, provider));
  }

  /** Whether a file is in sight as a dashboard, which then shows its runs. */
  shows(file: string): boolean {
    return [...this.open].some(([panel, uri]) => panel.visible && samePath(uri.fsPath, file));
  }

  private async resolve(document: vscode.TextDocument, panel: vscode.WebviewPanel): Promise<void> {
    const { runs } = this.services;
    // It brings the schema, which activation must not pay for.
    const { FormHost } = await import("./formHost");
    const form = new FormHost(document, runs);
    const page = new RunPage(panel.webview, this.services, {
      page: "dashboard",
      file: () => document.uri,
      choose: () => {
        const own = runs.of(document.uri.fsPath);
        return own.find(({ status }) => status === "running") ?? own[0];
      },
      form,
    });
    this.open.set(panel, document.uri);
    panel.onDidChangeViewState(() => {
      if (!panel.visible) page.hidden();
    });
    panel.onDidDispose(() => {
      this.open.delete(panel);
      page.dispose();
      form.dispose();
    });
  }

  dispose(): void {
    this.own.dispose();
  }
}

/** Opens a file as a form, or as text: in the place of the other where that is a tab beside it. One with unsaved changes stays, for VS Code would ask about them. */
export async function openAs(uri: vscode.Uri, editor: "form" | "text"): Promise<void> {
  const type = editor === "form" ? dashboardType : "default";
  await vscode.commands.executeCommand("vscode.openWith", uri, type, vscode.ViewColumn.Active);
  const { tabGroups } = vscode.window;
  // Asked for now: VS Code makes the tabs of a group anew when one is opened.
  const other = tabGroups.activeTabGroup.tabs.find((tab) => isOther(tab, uri, editor));
  if (other && !other.isDirty) await tabGroups.close(other, true);
}

function isOther({ input }: vscode.Tab, uri: vscode.Uri, editor: "form" | "text"): boolean {
  const other =
    editor === "form" ? input instanceof vscode.TabInputText : input instanceof vscode.TabInputCustom;
  return other && (input as vscode.TabInputText | vscode.TabInputCustom).uri.toString() === uri.toString();
}
