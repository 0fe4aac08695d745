// The panel: one for the window, which shows the run that was picked, else what trains, else the latest.
import * as vscode from "vscode";
import { panelType } from "../ids";
import { panelColumn } from "../settings";
import { RunPage, type PageServices } from "./runPage";

export class PanelHost {
  private panel: vscode.WebviewPanel | undefined;
  private page: RunPage | undefined;
  /** The folder of the run shown last. */
  private selected: string | undefined;

  constructor(private readonly services: PageServices) {}

  /** Opens or reveals the panel; with `run`, a run's folder, it shows that run, and brings a chart into sight, by its id. */
  show(run?: string, { preserveFocus = false, chart = undefined as string | undefined } = {}): void {
    const selected = run ?? this.page?.run ?? this.selected;
    if (this.panel) {
      this.panel.reveal(undefined, preserveFocus);
      if (selected !== this.page?.run) this.page?.select(selected);
    } else {
      const column = { viewColumn: panelColumn(), preserveFocus };
      this.adopt(vscode.window.createWebviewPanel(panelType, "Basin", column, {}), selected);
    }
    if (chart !== undefined) this.page?.reveal(chart);
  }

  /** Takes over the panel VS Code kept over a reload, unless the user has opened one since: theirs shows what they chose. */
  restore(panel: vscode.WebviewPanel, run?: string): void {
    if (this.panel) panel.dispose();
    else this.adopt(panel, run);
  }

  private adopt(panel: vscode.WebviewPanel, run?: string): void {
    const { context, runs } = this.services;
    // First what fails where VS Code has closed the panel in the meantime: a dead panel must not be kept.
    panel.iconPath = vscode.Uri.joinPath(context.extensionUri, "media", "icon.png");
    const page = new RunPage(panel.webview, this.services, {
      page: "panel",
      choose: (folder) =>
        (folder === undefined ? undefined : runs.byKey(folder)) ?? runs.running[0] ?? runs.all[0],
      onShow: (shown) => {
        panel.title = shown ? `Basin: ${shown.info.experiment.name}` : "Basin";
      },
    });
    page.select(run);
    this.panel = panel;
    this.page = page;
    panel.onDidChangeViewState(() => {
      if (!panel.visible) page.hidden();
    });
    panel.onDidDispose(() => {
      page.dispose();
      if (this.panel !== panel) return;
      this.selected = page.run;
      this.panel = undefined;
      this.page = undefined;
    });
  }

  dispose(): void {
    this.page?.dispose();
  }
}
