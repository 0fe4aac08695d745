// Every run of the workspace with its live status: a reader of the run folders, never their owner.
import * as vscode from "vscode";
import { listRuns, readRun, runsDirOf, workspaceOf, type RunRecord } from "../../launchers";
import { isActive } from "../../types/runStatus";
import { Disposables } from "../disposables";
import type { Experiments } from "./experiments";
import { flagsWhileTraining, onSettingChange, refreshMilliseconds, runsDirIn } from "../settings";
import { differingKeys, labelOf } from "../runLabel";
import { folderOf } from "./folders";

/** While there are runs every folder is looked at this often: no watcher tells of a deleted parent, or of a disk that others write to. */
const listMilliseconds = 10_000;

export class Runs {
  private readonly own = new Disposables();
  private readonly changed = this.own.own(new vscode.EventEmitter<void>());
  readonly onDidChange = this.changed.event;
  private records: readonly RunRecord[] = [];
  /** Of runs folders that the settings name elsewhere. */
  private elsewhere = this.own.own(new Disposables());
  private signature = "";
  private readonly differing = new Map<
    string,
    { readonly stamp: string; readonly keys: readonly string[] }
  >();
  private reading: Promise<void> | undefined;
  private again = false;
  private timer: NodeJS.Timeout | undefined;
  private listedAt = -Infinity;

  constructor(
    private readonly experiments: Experiments,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const refresh = () => void this.refresh();
    // A run started elsewhere (the CLI, another window) is noticed by the files it makes, one deleted by its folder.
    for (const pattern of [
      "**/.basin/runs/*/{run,verdict}.json",
      "**/.basin/runs/*",
      "**/.basin/runs",
      "**/.basin",
    ]) {
      const watcher = this.own.own(vscode.workspace.createFileSystemWatcher(pattern));
      this.own.own(watcher.onDidCreate(refresh));
      this.own.own(watcher.onDidChange(refresh));
      this.own.own(watcher.onDidDelete(refresh));
    }
    this.own.own(experiments.onDidChange(refresh));
    const settle = () => {
      this.watchElsewhere(refresh);
      refresh();
    };
    this.own.own(onSettingChange(["runsFolder", "refresh", "flag"], settle));
    this.own.own(vscode.workspace.onDidChangeWorkspaceFolders(settle));
    this.watchElsewhere(refresh);
  }

  private watchElsewhere(refresh: () => void): void {
    this.elsewhere.dispose();
    this.elsewhere = this.own.own(new Disposables());
    for (const dir of namedRunsDirs()) {
      const pattern = new vscode.RelativePattern(vscode.Uri.file(dir), "*/{run,verdict}.json");
      const watcher = this.elsewhere.own(vscode.workspace.createFileSystemWatcher(pattern));
      this.elsewhere.own(watcher.onDidCreate(refresh));
      this.elsewhere.own(watcher.onDidChange(refresh));
      this.elsewhere.own(watcher.onDidDelete(refresh));
    }
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

  /** What a run is called beside the others of its experiment. */
  labelOf(run: RunRecord): string {
    return labelOf(run, this.differingOf(run.info.file));
  }

  /** The same with the experiment's name before it. */
  nameOf(run: RunRecord): string {
    return `${run.info.experiment.name}: ${this.labelOf(run)}`;
  }

  /** In which settings the runs of a file differ; found anew when a run has come or gone, since what a run was set to never changes. */
  private differingOf(file: string): readonly string[] {
    const runs = this.of(file);
    const stamp = `${runs.length} ${runs[0]?.folder} ${runs.at(-1)?.folder}`;
    const known = this.differing.get(file);
    if (known?.stamp === stamp) return known.keys;
    const keys = differingKeys(runs);
    this.differing.set(file, { stamp, keys });
    return keys;
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
    const started = performance.now();
    try {
      const lists = await Promise.all(this.runsDirs().map(listRuns));
      if (this.listedAt < 0)
        this.log.info(
          `Listed ${lists.flat().length} runs in ${(performance.now() - started).toFixed(0)} ms.`,
        );
      this.listedAt = performance.now();
      this.take(lists.flat().sort((a, b) => (a.info.id < b.info.id ? 1 : -1)));
    } catch (error) {
      this.log.error(`Could not read the run folders: ${String(error)}`);
    }
    this.wait();
  }

  /** Reads those that train or wait alone: what has ended does not change by itself. */
  private async readActive(): Promise<void> {
    const records = await Promise.all(
      this.records.map((run) =>
        isActive(run.status) ? readRun(run.folder).catch(() => null) : Promise.resolve(run),
      ),
    );
    this.take(records.filter((run) => run !== null));
    this.wait();
  }

  private take(found: readonly RunRecord[]): void {
    const flags = flagsWhileTraining();
    const records = flags ? found : found.map((run) => (run.flag ? { ...run, flag: null } : run));
    this.records = records;
    const signature = records
      .map(({ folder, status, step, verdict, flag, damage, pinned }) =>
        [folder, status, step, verdict?.verdict, flag?.since, damage.length, pinned].join(" "),
      )
      .join("\n");
    if (signature === this.signature) return;
    this.signature = signature;
    this.changed.fire();
  }

  private wait(): void {
    clearTimeout(this.timer);
    if (this.records.length === 0) return;
    const active = this.records.some(({ status }) => isActive(status));
    const untilList = Math.max(0, this.listedAt + listMilliseconds - performance.now());
    const pollMilliseconds = refreshMilliseconds();
    const poll = active && untilList > pollMilliseconds;
    this.timer = setTimeout(
      () => void (poll ? this.readActive() : this.refresh()),
      poll ? pollMilliseconds : untilList,
    );
  }

  /** Where runs of this workspace may lie: under its folders, where the settings say, and where the CLI puts those of each experiment. */
  private runsDirs(): string[] {
    const nearExperiments = this.experiments.all.map(({ uri }) => workspaceOf(uri.fsPath));
    const usual = [...folders(), ...nearExperiments].map((folder) => runsDirOf(folder));
    return [...new Set([...usual, ...namedRunsDirs()])];
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.own.dispose();
  }
}

const folders = (): string[] =>
  (vscode.workspace.workspaceFolders ?? [])
    .filter(({ uri }) => uri.scheme === "file")
    .map(({ uri }) => uri.fsPath);

/** Runs folders that the settings name in another place than the usual one. */
const namedRunsDirs = (): string[] => [
  ...new Set(folders().flatMap((folder) => [runsDirIn(folder)].filter((dir) => dir !== runsDirOf(folder)))),
];

/** Where a run of this file goes: where the settings of its workspace folder say, or for a file outside of any, where the CLI would put it. */
export function runsDirFor(file: string): string {
  const folder = folderOf(file);
  return folder === undefined ? runsDirOf(workspaceOf(file)) : runsDirIn(folder);
}

const normal = (path: string) => (process.platform === "win32" ? path.toLowerCase() : path);
export const samePath = (a: string, b: string): boolean => normal(a) === normal(b);
