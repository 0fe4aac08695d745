// Runs on the disk of the machine that this extension host runs on.
import { join } from "node:path";
import * as vscode from "vscode";
import { files } from "../../protocol/runFolder";
import { listRuns, forPicture, readRun, RunReader } from "../../launchers";
import { openIndex, saveIndex } from "../../record/disk/seriesIndex";
import { RunTail } from "../../record/disk/runTail";
import type { RunSeries } from "../../record/runSeries";
import { refreshMilliseconds } from "../settings";
import type { FeedLog, KnownSeries, RunSource } from "../workspace/runSource";
import type { ExperimentFile } from "../workspace/experiments";
import type { LookedDirs } from "./lookedDirs";
import { namedRunsDirs, runsDirs } from "./runsDirs";

/** While there are runs every folder is looked at this often: no watcher tells of a deleted parent, or of a disk that others write to. */
const listMilliseconds = 10_000;

/** @param looked  Runs folders besides, asked at each listing. */
export const diskSource = (looked: LookedDirs): RunSource => ({
  pace: () => ({ list: listMilliseconds, poll: refreshMilliseconds() }),
  list: async (experiments) => (await Promise.all(dirsOf(experiments, looked).map(listRuns))).flat(),
  read: readRun,
  elsewhere: () => namedRunsDirs().map((dir) => vscode.Uri.file(dir)),
  log: (folder) => new DiskLog(folder),
  curves: (folder) => new RunReader(folder, forPicture),
  uriIn: (folder, ...names) => vscode.Uri.file(join(folder, ...names)),
  uriOfFile: (file) => vscode.Uri.file(file),
});

const dirsOf = (experiments: readonly ExperimentFile[], { all }: LookedDirs): string[] => [
  ...new Set([...runsDirs(experiments.map(({ uri }) => uri.fsPath)), ...all]),
];

/** With the index of a long log, where one lies beside it. */
class DiskLog implements FeedLog {
  private readonly tail: RunTail;
  /** What the index beside the log holds, in bytes of the log. */
  private indexed = 0;

  private readonly path: string;

  constructor(folder: string) {
    this.path = join(folder, files.events);
    this.tail = new RunTail(folder);
  }

  begin(): KnownSeries | null {
    const index = openIndex(this.path);
    if (index) this.tail.continueFrom((this.indexed = index.offset));
    return index;
  }

  forget(): void {
    this.indexed = 0;
    this.tail.continueFrom(0);
  }

  read(most: number) {
    return this.tail.read(most);
  }

  /** The next one to open this log need not read it line by line. */
  async keep(series: RunSeries): Promise<void> {
    const { position } = this.tail;
    if (position === this.indexed) return;
    this.indexed = position;
    await saveIndex(this.path, series, position);
  }
}
