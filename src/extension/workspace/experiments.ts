// The experiment files of the workspace, kept in step with the disk.
import * as vscode from "vscode";
import { Disposables } from "../disposables";
import { experimentGlob, skippedGlob } from "../ids";

export interface ExperimentFile {
  readonly uri: vscode.Uri;
  /** File name without its ending. */
  readonly name: string;
  /** Folder relative to the workspace, "" at its root. */
  readonly folder: string;
}

export class Experiments {
  private readonly own = new Disposables();
  private readonly changed = this.own.own(new vscode.EventEmitter<void>());
  readonly onDidChange = this.changed.event;
  private found: readonly ExperimentFile[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor() {
    const watcher = this.own.own(
      vscode.workspace.createFileSystemWatcher(experimentGlob, false, true, false),
    );
    const later = () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.refresh(), 200);
    };
    this.own.own(watcher.onDidCreate(later));
    this.own.own(watcher.onDidDelete(later));
    this.own.own(vscode.workspace.onDidChangeWorkspaceFolders(later));
  }

  get all(): readonly ExperimentFile[] {
    return this.found;
  }

  async refresh(): Promise<void> {
    const uris = await vscode.workspace.findFiles(experimentGlob, skippedGlob);
    this.found = uris.map(toExperimentFile).sort((a, b) => a.uri.path.localeCompare(b.uri.path));
    this.changed.fire();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.own.dispose();
  }
}

function toExperimentFile(uri: vscode.Uri): ExperimentFile {
  const relative = vscode.workspace.asRelativePath(uri);
  const slash = relative.lastIndexOf("/");
  return {
    uri,
    name: uri.path.slice(uri.path.lastIndexOf("/") + 1).replace(/\.basin\.json$/, ""),
    folder: slash < 0 ? "" : relative.slice(0, slash),
  };
}
