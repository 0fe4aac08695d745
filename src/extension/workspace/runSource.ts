// Where runs are read from: the disk of the machine this extension host runs on, or, where it has none, the file system of the workspace.
import type * as vscode from "vscode";
import type { RunRecord } from "../../record/runRecord";
import type { RunSeries } from "../../record/runSeries";
import type { SeriesPicture } from "../../record/transfer";
import type { TailSlice } from "../../record/tailSlice";
import type { ExperimentFile } from "./experiments";

/** The beginning of a log that was read before. */
export interface KnownSeries {
  /** Everything but the curves, which `readColumn` adds. */
  readonly series: RunSeries;
  readonly picture: SeriesPicture;
  /** Reads the next curve. @returns false when all are there. @throws Error where it is damaged. */
  readonly readColumn: () => boolean;
}

/** A run's log for the panel, piece by piece. */
export interface FeedLog {
  /** What is known of the log without reading it; reading goes on behind that. */
  begin(): KnownSeries | null;
  /** That was damaged: reading begins with the log's beginning. */
  forget(): void;
  read(most: number): TailSlice | Promise<TailSlice>;
  /** Remembers what was read where that can be kept. */
  keep(series: RunSeries): Promise<void>;
}

/** A run's curves for small pictures, as far as they have been read. */
export interface Curves {
  readonly series: RunSeries;
  /** Reads what is new: at once, or where it gives a promise, in a while. @throws Error, or rejects, where the run is gone. */
  read(): unknown;
}

export interface RunSource {
  /** Milliseconds between two lists of everything, and between two looks at what trains. */
  pace(): { readonly list: number; readonly poll: number };
  /** Every run of the workspace. @param experiments Its experiment files. */
  list(experiments: readonly ExperimentFile[]): Promise<RunRecord[]>;
  /** A run that was listed, as it stands now. @throws Error, or rejects, where it is gone. */
  read(folder: string): Promise<RunRecord>;
  /** Runs folders besides the usual one in each workspace folder. */
  elsewhere(): readonly vscode.Uri[];
  log(folder: string): FeedLog;
  curves(folder: string): Curves;
  /** A run's folder, or a file in it. */
  uriIn(folder: string, ...names: string[]): vscode.Uri;
  /** The experiment file that a run names. @throws Error where there is none here. */
  uriOfFile(file: string): vscode.Uri;
}
