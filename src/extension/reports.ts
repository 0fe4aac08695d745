// Texts that Basin shows in an editor of its own, read-only: what the doctor found, how a point was left.
import * as vscode from "vscode";
import { Disposables } from "./disposables";
import { reportScheme } from "./ids";

export class Reports {
  private readonly own = new Disposables();
  private readonly changed = this.own.own(new vscode.EventEmitter<vscode.Uri>());
  private readonly texts = new Map<string, string>();

  constructor() {
    this.own.own(
      vscode.workspace.registerTextDocumentContentProvider(reportScheme, {
        onDidChange: this.changed.event,
        provideTextDocumentContent: ({ path }) =>
          this.texts.get(path) ?? "This report is gone; run its command again.",
      }),
    );
  }

  /** Shows the text under a title, in the place of an earlier one of that title. */
  async show(title: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: reportScheme, path: `/${title}` });
    this.texts.set(uri.path, text);
    this.changed.fire(uri);
    await vscode.window.showTextDocument(uri, { preview: true });
  }

  dispose(): void {
    this.own.dispose();
  }
}
