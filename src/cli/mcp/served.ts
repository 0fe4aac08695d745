// What a server serves: one folder, its experiments and its runs. No path leads out of it, links followed.
import { lstatSync, readdirSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { findRun, listRuns, readRun, runsDirOf, type RunRecord } from "../../launchers";
import type { CheckOptions, ExperimentPoint } from "../../protocol/checkExperiment";
import { cacheHere } from "../../protocol/cacheFolder";
import { fileError } from "../../protocol/errors";
import { checkOptions } from "../../record/disk/checkOptions";
import { readSeries } from "../../record/disk/readSeries";
import type { ExportedRun } from "../../record/export/exporter";
import { readExperiments } from "../experiments";

export interface ServeOptions {
  /** The workspace: the absolute path of a folder. */
  readonly root: string;
  /** Where its runs lie, where the user names another place than the usual one. */
  readonly runsDir?: string;
  readonly allowRuns: boolean;
}

/** An experiment file's points, all of whose files lie in the workspace. */
export interface ServedExperiment {
  readonly file: string;
  readonly points: readonly ExperimentPoint[];
}

const experimentEnd = ".basin.json";
/** An experiment lies in one of the first folders; in a tree of a million files the search ends. */
const mostFolders = 5000;
const mostExperiments = 200;
const skipped = new Set(["node_modules", "dist", "venv", "__pycache__"]);

export class Served {
  readonly root: string;
  readonly runsDir: string;
  private readonly named: boolean;

  constructor({ root, runsDir }: ServeOptions) {
    this.root = realpathSync(root);
    this.named = runsDir !== undefined;
    this.runsDir = runsDir ?? runsDirOf(this.root);
  }

  /** Every run, newest first. @throws UserError where the usual folder of runs leads elsewhere. */
  listRuns(): Promise<RunRecord[]> {
    this.checkRunsDir();
    return listRuns(this.runsDir);
  }

  /** The run meant by an id, the start of one, "latest", or the path of a run folder in the workspace. */
  async run(name: string): Promise<RunRecord> {
    this.checkRunsDir();
    const isPath = /[\\/]/.test(name);
    const record = isPath ? await readRun(this.inside(name)) : await findRun(this.runsDir, name);
    // A single word may be a folder here as well.
    if (!isPath && dirname(record.folder) !== resolve(this.runsDir)) this.inside(record.folder);
    return record;
  }

  /** A run with all that it recorded. */
  async recorded(name: string): Promise<ExportedRun & { readonly record: RunRecord }> {
    const record = await this.run(name);
    const { folder, info, verdict } = record;
    return { record, info, verdict, series: readSeries(folder), label: info.id };
  }

  /** The workspace's experiment files, as paths from it; `complete` says whether all of it was searched. */
  experiments(): { readonly files: string[]; readonly complete: boolean } {
    const files: string[] = [];
    const folders = [this.root];
    for (let i = 0; i < folders.length; i++) {
      if (i >= mostFolders || files.length >= mostExperiments) return { files, complete: false };
      for (const entry of entriesOf(folders[i])) {
        const path = join(folders[i], entry.name);
        if (entry.isFile() && entry.name.endsWith(experimentEnd)) files.push(relative(this.root, path));
        if (entry.isDirectory() && !entry.name.startsWith(".") && !skipped.has(entry.name))
          folders.push(path);
      }
    }
    return { files, complete: true };
  }

  /** An experiment and its points. @throws UserError with all its problems, and where it names a file outside the workspace. */
  experiment(name: string, settings: readonly string[]): ServedExperiment {
    const path = this.inside(name);
    if (!path.endsWith(experimentEnd))
      throw fileError(name, "is no experiment file", `Expected a file whose name ends in ${experimentEnd}.`);
    const named = new Set<string>();
    const [experiment] = readExperiments([path], settings, (file) => this.confined(file, named));
    for (const one of named) if (!isIn(cacheHere(), one)) this.inside(one);
    return experiment;
  }

  /** The absolute path, links followed, of something in the workspace. @throws UserError for anything else. */
  inside(path: string): string {
    const real = realPath(resolve(this.root, path));
    if (isIn(this.root, real)) return real;
    throw fileError(
      path,
      "lies outside the folder that is served",
      `Name something in ${this.root}, or serve a folder that holds both: basin mcp DIR.`,
    );
  }

  /** What the checker may know: an experiment reads no text from outside, and `named` gathers the files it is for. */
  private confined(file: string, named: Set<string>): CheckOptions {
    const options = checkOptions(file);
    return {
      ...options,
      exists: (path) => {
        named.add(path);
        return options.exists(path);
      },
      // Where a person's own settings lie is no word of the file's.
      readText: (path) => options.readText(path === options.local ? path : this.inside(path)),
    };
  }

  /** @throws UserError where the usual folder of runs leads out of the workspace. */
  checkRunsDir(): void {
    if (this.named || isIn(this.root, realPath(this.runsDir))) return;
    throw fileError(
      this.runsDir,
      "leads out of the folder that is served",
      "Where you keep your runs there, name it: --runs DIR.",
    );
  }
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // Gone, or not ours to read.
    return [];
  }
}

/** Of what is not there: where it would be. */
function realPath(path: string): string {
  if (lstatSync(path, { throwIfNoEntry: false })) return realpathSync(path);
  return path === dirname(path) ? path : join(realPath(dirname(path)), basename(path));
}

function isIn(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
