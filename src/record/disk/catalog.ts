// Where runs lie and what is there: finding the runs folder, listing it, reading one run, finding one by name.
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileError } from "../../protocol/errors";
import { files, runsFolder } from "../../protocol/runFolder";
import { suggest } from "../../protocol/suggest";
import type { RunRecord } from "../runRecord";
import { RunReader } from "./runReader";

/** The workspace of a file: its nearest ancestor folder with `.basin` or `.git`, else its own folder. */
export function workspaceOf(file: string): string {
  const own = dirname(resolve(file));
  for (let folder = own; ; folder = dirname(folder)) {
    if (existsSync(join(folder, ".basin")) || existsSync(join(folder, ".git"))) return folder;
    if (folder === dirname(folder)) return own;
  }
}

/** The runs folder of a workspace folder. */
export const runsDirOf = (folder: string): string => join(folder, ...runsFolder.split("/"));

/** Readers by folder: listing again reads only what was added. */
const readers = new Map<string, RunReader>();

function read(folder: string): RunRecord {
  const reader = readers.get(folder) ?? new RunReader(folder);
  readers.set(folder, reader);
  try {
    return reader.read();
  } catch (error) {
    readers.delete(folder);
    throw error;
  }
}

const isRunFolder = (folder: string): boolean =>
  lstatSync(join(folder, files.run), { throwIfNoEntry: false }) !== undefined;

/** One run as it stands. @throws UserError when the folder holds none. */
export function readRun(folder: string): Promise<RunRecord> {
  return Promise.resolve().then(() => read(resolve(folder)));
}

/** Milliseconds of reading after which others have their turn: a list of a thousand runs must not hold an editor up. */
const longestTurn = 20;

/** The runs of a runs folder, newest first; none where the folder does not exist. Folders that hold no run are passed over. */
export async function listRuns(runsDir: string): Promise<RunRecord[]> {
  const dir = resolve(runsDir);
  const names = foldersIn(dir).sort().reverse();
  const found = new Set(names.map((name) => join(dir, name)));
  for (const folder of readers.keys())
    if (dirname(folder) === dir && !found.has(folder)) readers.delete(folder);
  const records: RunRecord[] = [];
  let turn = performance.now();
  for (const folder of found) {
    try {
      records.push(read(folder));
    } catch {
      // No run, or deleted just now.
    }
    if (performance.now() - turn < longestTurn) continue;
    await new Promise(setImmediate);
    turn = performance.now();
  }
  return records;
}

function foldersIn(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw fileError(dir, `cannot be read (${code})`);
  }
}

/**
 * The run meant by a name: a run folder's path, a run id, the start of one that fits a single run, or "latest".
 *
 * @throws UserError that names the nearest run, or the several that fit.
 */
export async function findRun(runsDir: string, name: string): Promise<RunRecord> {
  const runs = await listRuns(runsDir);
  if (name === "latest") {
    if (runs[0]) return runs[0];
    throw fileError(runsDir, "holds no run", "Start one with `basin run FILE`.");
  }
  const exact = runs.find(({ info }) => info.id === name);
  if (exact) return exact;
  if (isRunFolder(resolve(name))) return readRun(name);
  const fitting = runs.filter(({ info }) => info.id.startsWith(name));
  if (fitting.length === 1) return fitting[0];
  const ids = (fitting.length > 1 ? fitting : runs).map(({ info }) => info.id);
  if (fitting.length > 1) {
    const list = ids.slice(0, 5).join(", ") + (ids.length > 5 ? ", …" : "");
    throw fileError(name, `fits ${ids.length} runs: ${list}`, "Give more of the id.");
  }
  const near = suggest(name, ids);
  const hint = near ? `Did you mean "${near}"?` : "`basin list` shows the runs there are.";
  throw fileError(name, `is no run in ${runsDir}`, hint);
}
