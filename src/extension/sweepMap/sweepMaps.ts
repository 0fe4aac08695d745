// The open maps of sweeps, one a file, and their return after a reload. What feeds them loads with the first.
import * as vscode from "vscode";
import { Disposables } from "../disposables";
import { sweepMapType } from "../ids";
import type { TrainingServices } from "../services";
import { samePath } from "../workspace/runs";
import type { SweepMapPage } from "./sweepMapPage";

export type MapServices = Pick<TrainingServices, "context" | "runs" | "starter" | "log">;

export class SweepMaps {
  private readonly own = new Disposables();
  private readonly open = new Map<string, { panel: vscode.WebviewPanel; page: SweepMapPage }>();

  constructor(private readonly services: MapServices) {
    this.own.own(
      vscode.window.registerWebviewPanelSerializer(sweepMapType, {
        deserializeWebviewPanel: async (panel, state) => {
          const file = fileIn(state);
          if (file === undefined || this.open.has(file)) panel.dispose();
          else await this.adopt(panel, vscode.Uri.parse(file, true));
        },
      }),
    );
  }

  /** Whether the map of a file's sweep is in sight. */
  shows(file: string): boolean {
    return [...this.open].some(
      ([uri, { panel }]) => panel.visible && samePath(vscode.Uri.parse(uri).fsPath, file),
    );
  }

  /** Opens or reveals the map of an experiment's sweep. */
  async show(uri: vscode.Uri): Promise<void> {
    const known = this.open.get(uri.toString());
    if (known) return known.panel.reveal();
    const column = vscode.ViewColumn.Active;
    await this.adopt(vscode.window.createWebviewPanel(sweepMapType, "Sweep Map", column, {}), uri);
  }

  private async adopt(panel: vscode.WebviewPanel, uri: vscode.Uri): Promise<void> {
    panel.iconPath = vscode.Uri.joinPath(this.services.context.extensionUri, "media", "icon.png");
    panel.title = `Sweep: ${uri.path.slice(uri.path.lastIndexOf("/") + 1).replace(/\.basin\.json$/, "")}`;
    // It brings the schema, which activation must not pay for.
    const { SweepMapPage: Page } = await import("./sweepMapPage");
    const page = new Page(panel.webview, uri, this.services);
    this.open.set(uri.toString(), { panel, page });
    panel.onDidChangeViewState(() => {
      if (!panel.visible) page.hidden();
    });
    panel.onDidDispose(() => {
      page.dispose();
      this.open.delete(uri.toString());
    });
  }

  dispose(): void {
    this.open.forEach(({ page }) => page.dispose());
    this.own.dispose();
  }
}

/** The file of a map that VS Code kept over a reload. */
function fileIn(state: unknown): string | undefined {
  if (typeof state !== "object" || state === null || !("file" in state)) return undefined;
  return typeof state.file === "string" ? state.file : undefined;
}
