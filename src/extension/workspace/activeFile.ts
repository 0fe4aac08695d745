// The experiment file that the user is at: of the active editor, text or form, else the last one they were at.
import * as vscode from "vscode";
import { Disposables } from "../disposables";
import { isExperimentPath } from "../ids";

export class ActiveFile {
  private readonly own = new Disposables();
  private readonly changed = this.own.own(new vscode.EventEmitter<void>());
  readonly onDidChange = this.changed.event;
  private last: vscode.Uri | undefined;

  constructor() {
    // Tabs, not editors: VS Code does not count a form as an editor of text.
    const { tabGroups } = vscode.window;
    const follow = () => this.follow(tabGroups.activeTabGroup.activeTab?.input);
    this.own.own(tabGroups.onDidChangeTabs(follow));
    this.own.own(tabGroups.onDidChangeTabGroups(follow));
    follow();
  }

  get uri(): vscode.Uri | undefined {
    return this.last;
  }

  private follow(input: unknown): void {
    if (!(input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom)) return;
    const { uri } = input;
    if (!isExperimentPath(uri.path) || uri.toString() === this.last?.toString()) return;
    this.last = uri;
    this.changed.fire();
  }

  dispose(): void {
    this.own.dispose();
  }
}
