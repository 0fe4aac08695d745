// Every run of the workspace with its live status: a reader of the run folders, never their owner.
import * as vscode from "vscode";
import { listRuns, runsDirOf, workspaceOf, type RunRecord } from "../../launchers";
import { isActive } from "../../types/runStatus";
import { Disposables } from "../disposables";
import type { Experiments } from "./experiments";
import { folderOf } from "./folders";

/** While a run trains its step and status are read this often; without one nothing is polled. */
const pollMilliseconds = 500;

export class Runs {
  private readonly own = new Disposables();
  private readonly changed = this.own.own(new vscode.EventEmitter<void>());
  readonly onDidChange = this.changed.event;
  private records: readonly RunRecord[] = [];
  private signature = "";
  private reading: Promise<void> | undefined;
  private again = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly experiments: Experiments,
    private readonly log: vscode.LogOutputChannel,
  ) {
    // A run started elsewhere (the CLI, another window) is noticed by the files it makes.
    for (const name of ["run.json", "verdict.json"]) {
      const watcher = this.own.own(vscode.workspace.createFileSystemWatcher(`**/.basin/runs/*/${name}`));
      const look = () => void this.refresh();
      this.own.own(watcher.onDidCreate(look));
      this.own.own(watcher.onDidChange(look));
      this.own.own(watcher.onDidDelete(look));
    }
    this.own.own(experiments.onDidChange(() => void this.refresh()));
  }

  /** Newest first. */
  get all(): readonly RunRecord[] {
    return this.records;
  }

  get running(): readonly RunRecord[] {
    return this.records.filter(({ status }) => status === "running");
  }

  /** A run by its folder, which alone tells runs apart. */
  byKey(folder: string): RunRecord | undefined {
    return this.records.find((run) => run.folder === folder);
  }

  /** Runs of one experiment file, newest first. */
  of(file: string): readonly RunRecord[] {
    return this.records.filter(({ info }) => samePath(info.file, file));
  }

  /** Reads every run folder again; calls that come while one reads share the next. */
  refresh(): Promise<void> {
    if (this.reading) {
      this.again = true;
      return this.reading;
    }
    this.reading = this.read().finally(() => {
      this.reading = undefined;
      if (this.again) {
        this.again = false;
        void this.refresh();
      }
    });
    return this.reading;
  }

  private async read(): Promise<void> {
    try {
      const lists = await Promise.all(this.runsDirs().map(listRuns));
      this.records = lists.flat().sort((a, b) => (a.info.id < b.info.id ? 1 : -1));
    } catch (error) {
      this.log.error(`Could not read the run folders: ${String(error)}`);
    }
    const signature = this.records
      .map(({ folder, status, step, verdict }) => `${folder} ${status} ${step} ${verdict?.verdict}`)
      .join("\n");
    if (signature !== this.signature) {
      this.signature = signature;
      this.changed.fire();
    }
    clearTimeout(this.timer);
    if (this.records.some(({ status }) => isActive(status)))
      this.timer = setTimeout(() => void this.refresh(), pollMilliseconds);
  }

  /** Where runs of this workspace may lie: under its folders, and where the CLI puts those of each experiment. */
  private runsDirs(): string[] {
    const folders = (vscode.workspace.workspaceFolders ?? [])
      .filter(({ uri }) => uri.scheme === "file")
      .map(({ uri }) => uri.fsPath);
    const nearExperiments = this.experiments.all.map(({ uri }) => workspaceOf(uri.fsPath));
    return [...new Set([...folders, ...nearExperiments].map((folder) => runsDirOf(folder)))];
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.own.dispose();
  }
}

/** Where a run of this file goes: its workspace folder, or for a file outside of any, where the CLI would put it. */
export const runsDirFor = (file: string): string => runsDirOf(folderOf(file) ?? workspaceOf(file));

const normal = (path: string) => (process.platform === "win32" ? path.toLowerCase() : path);
export const samePath = (a: string, b: string): boolean => normal(a) === normal(b);
