// Runs where this extension host has no disk: a browser window, or a workspace that lies on none. They are looked at, and nothing is written.
import * as vscode from "vscode";
import { files as names, runsFolder } from "../../protocol/runFolder";
import type { RunRecord } from "../../record/runRecord";
import { RunSeries } from "../../record/runSeries";
import type { TailSlice } from "../../record/tailSlice";
import { fileHere } from "../../record/virtual/fileHere";
import { VirtualRuns } from "../../record/virtual/runs";
import { VirtualRunTail } from "../../record/virtual/runTail";
import { plain } from "../format";
import { runsFolderSetting } from "../settings";
import type { ExperimentFile } from "../workspace/experiments";
import type { Curves, FeedLog, RunSource } from "../workspace/runSource";
import { workspaceFiles } from "./workspaceFiles";

/** Every look is a handful of requests to whoever holds the files, and what is recorded changes seldom. */
const pace = { list: 60_000, poll: 5_000 } as const;
/** A log that may still grow is asked after no more often. */
const freshFor = 5_000;
/** Points of a small picture's curves. */
const picturePoints = 1024;

export class VirtualSource implements RunSource {
  private readonly runs = new VirtualRuns(workspaceFiles);
  private experiments: readonly ExperimentFile[] = [];
  /** Runs left out, by folder of runs: told once. */
  private readonly omitted = new Map<string, number>();

  constructor(private readonly output: vscode.LogOutputChannel) {}

  pace = (): typeof pace => pace;
  elsewhere = (): readonly vscode.Uri[] => [];

  async list(experiments: readonly ExperimentFile[]): Promise<RunRecord[]> {
    this.experiments = experiments;
    const lists = await Promise.all(runsDirs(experiments).map((dir) => this.listed(dir.toString())));
    return lists.flat().map((run) => this.here(run));
  }

  private async listed(dir: string): Promise<readonly RunRecord[]> {
    const { runs, omitted } = await this.runs.list(dir);
    if (omitted > 0 && this.omitted.get(dir) !== omitted)
      this.output.warn(`${dir}: the ${omitted} oldest runs are not listed in a window without a disk.`);
    this.omitted.set(dir, omitted);
    return runs;
  }

  async read(folder: string): Promise<RunRecord> {
    const run = await this.runs.read(folder);
    if (!run) throw new Error(`${folder} is no run folder.`);
    return this.here(run);
  }

  /** A run names its file where it ran; here it is one of the same workspace folder. */
  private here(run: RunRecord): RunRecord {
    const folder = rootOf(vscode.Uri.parse(run.folder));
    const beside = this.experiments.filter(({ uri }) => rootOf(uri) === folder);
    const uris = new Map(beside.map(({ uri }) => [vscode.workspace.asRelativePath(uri, false), uri]));
    const path = fileHere(run.info.file, [...uris.keys()]);
    const uri = path === undefined ? undefined : uris.get(path);
    return uri ? { ...run, info: { ...run.info, file: uri.fsPath } } : run;
  }

  uriIn = (folder: string, ...parts: string[]): vscode.Uri =>
    vscode.Uri.joinPath(vscode.Uri.parse(folder), ...parts);

  uriOfFile(file: string): vscode.Uri {
    const found = this.experiments.find(({ uri }) => uri.fsPath === file);
    if (!found) throw new Error(`the workspace does not hold ${file}.`);
    return found.uri;
  }

  log(folder: string): FeedLog {
    return new VirtualLog(tailOf(folder));
  }

  curves(folder: string): Curves {
    return new VirtualCurves(tailOf(folder));
  }
}

const rootOf = (uri: vscode.Uri): string | undefined =>
  vscode.workspace.getWorkspaceFolder(uri)?.uri.toString();

const tailOf = (folder: string): VirtualRunTail => new VirtualRunTail(workspaceFiles, folder);

/** Folders that may hold runs: of the workspace, and of every folder on the way to an experiment. */
function runsDirs(experiments: readonly ExperimentFile[]): vscode.Uri[] {
  const found = new Map<string, vscode.Uri>();
  const add = (uri: vscode.Uri) => found.set(uri.toString(), uri);
  for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
    add(vscode.Uri.joinPath(uri, runsFolder));
    const named = runsFolderSetting(uri);
    // A path of another machine's disk leads nowhere here.
    if (!/^([/\\]|[A-Za-z]:)/.test(named)) add(vscode.Uri.joinPath(uri, named));
  }
  for (const { uri } of experiments) {
    const root = vscode.workspace.getWorkspaceFolder(uri)?.uri;
    for (let at = vscode.Uri.joinPath(uri, ".."); root && at.path.startsWith(`${root.path}/`);) {
      add(vscode.Uri.joinPath(at, runsFolder));
      at = vscode.Uri.joinPath(at, "..");
    }
  }
  return [...found.values()];
}

/** A log for the panel; why it cannot be read is told once. */
class VirtualLog implements FeedLog {
  private askedAt = -Infinity;
  private more = false;
  private told: string | null = null;

  constructor(private readonly tail: VirtualRunTail) {}

  begin = (): null => null;
  forget = (): void => undefined;
  keep = (): Promise<void> => Promise.resolve();

  async read(most: number): Promise<TailSlice> {
    if (!this.more && performance.now() - this.askedAt < freshFor)
      return { events: [], restarted: false, more: false };
    const slice = await this.tail.read(most);
    if (!slice.more) this.askedAt = performance.now();
    this.more = slice.more;
    const { obstacle } = this.tail;
    if (obstacle !== null && obstacle !== this.told)
      void vscode.window.showWarningMessage(
        `Basin: ${names.events} ${plain(obstacle)}, and is not shown. In a folder on a disk VS Code reads it whatever its length.`,
      );
    this.told = obstacle;
    return slice;
  }
}

class VirtualCurves implements Curves {
  series = new RunSeries(picturePoints, true);
  private askedAt = -Infinity;

  constructor(private readonly tail: VirtualRunTail) {}

  /** Nothing to wait for where it was asked a moment ago. */
  read(): Promise<void> | undefined {
    if (performance.now() - this.askedAt < freshFor) return undefined;
    this.askedAt = performance.now();
    return this.fold();
  }

  private async fold(): Promise<void> {
    for (let more = true; more;) {
      const slice = await this.tail.read(1 << 17);
      if (slice.restarted) this.series = new RunSeries(picturePoints, true);
      for (const event of slice.events) this.series.add(event);
      more = slice.more;
      // Others have their turn.
      if (more) await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
}
