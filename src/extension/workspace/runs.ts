// Every run of the workspace with its live status: a reader of the run folders, never their owner.
import * as vscode from "vscode";
import type { RunRecord } from "../../record/runRecord";
import { homeOf, scriptOf } from "../../protocol/script";
import { isActive } from "../../types/runStatus";
import { Disposables } from "../disposables";
import type { Experiments } from "./experiments";
import { flagsWhileTraining, onSettingChange } from "../settings";
import { differingKeys, labelOf } from "../runLabel";
import type { RunSource } from "./runSource";

export class Runs {
  private readonly own = new Disposables();
  private readonly changed = this.own.own(new vscode.EventEmitter<void>());
  readonly onDidChange = this.changed.event;
  private records: readonly RunRecord[] = [];
  /** The same by their file; found when asked for, for each of many rows asks for those of its own. */
  private byFile: ReadonlyMap<string, readonly RunRecord[]> | undefined;
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
    readonly source: RunSource,
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
    for (const dir of this.source.elsewhere()) {
      const pattern = new vscode.RelativePattern(dir, "*/{run,verdict}.json");
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

  /** Runs of one experiment file, or of one script whoever started it; newest first. */
  of(file: string): readonly RunRecord[] {
    return (this.byFile ??= groupedByFile(this.records)).get(normal(file)) ?? [];
  }

  /** What a run is called beside the others of its experiment. */
  labelOf(run: RunRecord): string {
    return labelOf(run, this.differingOf(homeOf(run.info)));
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
      const runs = await this.source.list(this.experiments.all);
      if (this.listedAt < 0)
        this.log.info(`Listed ${runs.length} runs in ${(performance.now() - started).toFixed(0)} ms.`);
      this.listedAt = performance.now();
      this.take(runs.sort((a, b) => (a.info.id < b.info.id ? 1 : -1)));
    } catch (error) {
      this.log.error(`Could not read the run folders: ${String(error)}`);
    }
    this.wait();
  }

  /** Reads those that train or wait alone: what has ended does not change by itself. */
  private async readActive(): Promise<void> {
    const records = await Promise.all(
      this.records.map((run) =>
        isActive(run.status) ? this.source.read(run.folder).catch(() => null) : Promise.resolve(run),
      ),
    );
    this.take(records.filter((run) => run !== null));
    this.wait();
  }

  private take(found: readonly RunRecord[]): void {
    const flags = flagsWhileTraining();
    const records = flags ? found : found.map((run) => (run.flag ? { ...run, flag: null } : run));
    this.records = records;
    this.byFile = undefined;
    const signature = records
      .map(({ folder, status, step, verdict, flag, damage, note, place }) =>
        [
          folder,
          status,
          step,
          verdict?.verdict,
          flag?.since,
          damage.length,
          JSON.stringify(note),
          place?.says,
        ].join(" "),
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
    const pace = this.source.pace();
    const untilList = Math.max(0, this.listedAt + pace.list - performance.now());
    const poll = active && untilList > pace.poll;
    this.timer = setTimeout(
      () => void (poll ? this.readActive() : this.refresh()),
      poll ? pace.poll : untilList,
    );
  }

  /** Curves that were waited for have come: whoever draws them looks again. */
  announce(): void {
    this.changed.fire();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.own.dispose();
  }
}

/** A browser has no process; the paths it compares are as one file system writes them. */
const anyCase = typeof process !== "undefined" && process.platform === "win32";
const normal = (path: string) => (anyCase ? path.toLowerCase() : path);
export const samePath = (a: string, b: string): boolean => normal(a) === normal(b);

function groupedByFile(records: readonly RunRecord[]): ReadonlyMap<string, readonly RunRecord[]> {
  const groups = new Map<string, RunRecord[]>();
  for (const run of records) {
    for (const key of new Set([homeOf(run.info), scriptOf(run.info) ?? homeOf(run.info)].map(normal))) {
      const group = groups.get(key);
      if (group) group.push(run);
      else groups.set(key, [run]);
    }
  }
  return groups;
}
