// The experiment file, or script with runs, that the user is at: of the active editor, text or form, else the last one they were at.
import * as vscode from "vscode";
import { Disposables } from "../disposables";
import { isExperimentPath, isScriptPath } from "../ids";
import type { Runs } from "./runs";

export class ActiveFile {
  private readonly own = new Disposables();
  private readonly changed = this.own.own(new vscode.EventEmitter<void>());
  readonly onDidChange = this.changed.event;
  private last: vscode.Uri | undefined;

  constructor(private readonly runs: Runs) {
    // Tabs, not editors: VS Code does not count a form as an editor of text.
    const { tabGroups } = vscode.window;
    const follow = () => this.follow(tabGroups.activeTabGroup.activeTab?.input);
    this.own.own(tabGroups.onDidChangeTabs(follow));
    this.own.own(tabGroups.onDidChangeTabGroups(follow));
    // A script is one with its first run.
    this.own.own(runs.onDidChange(follow));
    follow();
  }

  get uri(): vscode.Uri | undefined {
    return this.last;
  }

  private follow(input: unknown): void {
    if (!(input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom)) return;
    const { uri } = input;
    if (!this.isOurs(uri) || uri.toString() === this.last?.toString()) return;
    this.last = uri;
    this.changed.fire();
  }

  private isOurs({ path, fsPath }: vscode.Uri): boolean {
    return isExperimentPath(path) || (isScriptPath(path) && this.runs.of(fsPath).length > 0);
  }

  dispose(): void {
    this.own.dispose();
  }
}
