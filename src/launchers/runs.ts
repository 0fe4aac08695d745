// Where runs live, and what a run folder says: its settings, live status, latest readings and verdict.
import { existsSync, statSync } from "node:fs";
import { readFile, readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileError, UserError } from "../protocol/errors";
import type { MetricValues } from "../protocol/metrics";
import { files, runsFolder, type RunInfo, type RunStatus } from "../protocol/runFolder";
import { didYouMean } from "../protocol/suggest";
import type { Verdict } from "../protocol/verdict";
import { isAlive } from "./processStart";
import { LogSummary } from "./summary";

export interface RunRecord {
  readonly folder: string;
  readonly info: RunInfo;
  readonly status: RunStatus;
  /** Steps done and seconds trained so far. */
  readonly step: number;
  readonly time: number;
  /** null while the run trains. */
  readonly verdict: Verdict | null;
  /** The latest value of every metric the run recorded. */
  readonly last: MetricValues;
}

/** A run that has not yet said which process it is counts as running for so long: the time a process may need to start. */
const startMilliseconds = 15_000;

/** The folder whose `.basin` holds a file's runs: the nearest one with `.basin` or `.git`, else the file's own. */
export function workspaceOf(file: string): string {
  const start = dirname(resolve(file));
  for (let folder = start; ; folder = dirname(folder)) {
    if (isFolder(join(folder, ".basin")) || existsSync(join(folder, ".git"))) return folder;
    if (folder === dirname(folder)) return start;
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

export const runsDirOf = (folder: string): string => join(folder, ...runsFolder.split("/"));

/** Every run in a runs folder, newest first. A folder that is missing or holds none gives an empty list. */
export async function listRuns(runsDir: string): Promise<RunRecord[]> {
  const names = await namesIn(runsDir);
  const records = await Promise.all(names.map((name) => tryRead(join(runsDir, name))));
  return records.filter((record) => record !== null).sort((a, b) => (a.info.id < b.info.id ? 1 : -1));
}

async function namesIn(runsDir: string): Promise<string[]> {
  try {
    const entries = await readdir(runsDir, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}

/** One run. @throws UserError when the folder holds none. */
export async function readRun(folder: string): Promise<RunRecord> {
  const record = await tryRead(folder);
  if (record) return record;
  throw fileError(
    folder,
    `is not a run folder: it has no readable ${files.run}`,
    "`basin list` shows the runs there are.",
  );
}

const summaries = new Map<string, LogSummary>();

async function tryRead(folder: string): Promise<RunRecord | null> {
  const info = await readInfo(folder);
  if (!info) return null;
  // Asked before the log is read: a process that ends in between has then written its end for us to see.
  const alive = await runsNow(folder, info);
  let summary = summaries.get(folder);
  if (!summary) summaries.set(folder, (summary = new LogSummary(join(folder, files.events))));
  summary.update();
  const status = statusOf(summary, alive);
  const verdict = status === "running" ? null : await readVerdict(folder);
  return { folder, info, status, step: summary.step, time: summary.time, verdict, last: summary.last };
}

function statusOf({ end }: LogSummary, alive: boolean): RunStatus {
  // An end that stands in the log counts, also while its process takes a moment to go.
  if (end === null) return alive ? "running" : "died";
  if (end === "diverged") return "diverged";
  if (end === "interrupted") return "interrupted";
  return end === "error" ? "failed" : "finished";
}

async function runsNow(folder: string, info: RunInfo): Promise<boolean> {
  if (info.pid > 0) return isAlive(info.pid, info.processStarted);
  const { mtimeMs } = await stat(join(folder, files.run)).catch(() => ({ mtimeMs: 0 }));
  return Date.now() - mtimeMs < startMilliseconds;
}

/** `run.json`, or null. The process rewrites it in place, so one unreadable moment is waited out. */
async function readInfo(folder: string): Promise<RunInfo | null> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const info = JSON.parse(await readFile(join(folder, files.run), "utf8")) as Partial<RunInfo> | null;
      if (info?.experiment?.optimizer && typeof info.id === "string" && typeof info.pid === "number")
        return { ...(info as RunInfo), id: basename(folder) };
      return null;
    } catch (error) {
      if (!(error instanceof SyntaxError)) return null;
      await new Promise((wake) => setTimeout(wake, 20));
    }
  }
  return null;
}

const words: readonly unknown[] = ["NaN", "Infinity", "-Infinity"];

/** `verdict.json` with its numbers decoded; null while there is none. */
export async function readVerdict(folder: string): Promise<Verdict | null> {
  try {
    const text = await readFile(join(folder, files.verdict), "utf8");
    return JSON.parse(text, (_key, value: unknown) =>
      words.includes(value) ? Number(value) : value,
    ) as Verdict;
  } catch {
    return null;
  }
}

/** A run by its id, by the beginning of it, by the word "latest", or by the path of its folder. @throws UserError. */
export async function findRun(runsDir: string, which: string): Promise<RunRecord> {
  if (/[\\/]/.test(which) || which === ".") return readRun(resolve(which));
  const runs = await listRuns(runsDir);
  if (runs.length === 0)
    throw fileError(
      runsDir,
      "holds no runs",
      "Start one with `basin run FILE`, or name another folder with --runs.",
    );
  if (which === "latest") return runs[0];
  const exact = runs.find(({ info }) => info.id === which);
  if (exact) return exact;
  const meant = runs.filter(({ info }) => info.id.startsWith(which));
  if (meant.length === 1) return meant[0];
  const ids = (meant.length > 0 ? meant : runs).map(({ info }) => info.id);
  const message =
    meant.length > 1
      ? `begins the ids of ${meant.length} runs: ${ids.slice(0, 5).join(", ")}`
      : "is no run's id";
  const hint =
    meant.length > 1
      ? "Give more of the id."
      : `${didYouMean(which, ids.slice(0, 5))} \`basin list\` shows all.`;
  throw new UserError([{ severity: "error", message, hint, place: { file: which } }]);
}
