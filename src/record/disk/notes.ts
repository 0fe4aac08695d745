// What people add to a run, kept beside the runs folder so that a run never writes there and a deleted cache of runs leaves nothing behind: `notes/<run-id>.json`. So far whether it is pinned.
import { lstatSync, mkdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileError } from "../../protocol/errors";
import { notesFolder } from "../../protocol/runFolder";
import { readJson, writeAtomic } from "./files";

/** More than this nobody writes about a run. */
export const largestNote = 2 ** 20;

/** Where the note of a run lies. */
export const noteOf = (runFolder: string): string =>
  join(dirname(dirname(runFolder)), notesFolder, `${basename(runFolder)}.json`);

/** Whether a note, as read, pins its run; null for what is no note. */
export const decodePin = (raw: unknown): boolean | null => (isNote(raw) ? raw.pin === true : null);

/** Pins a run, so that no clean-up takes it, or unpins it. What else its note says stays. @throws UserError where the note is none. */
export function setPin(runFolder: string, pinned: boolean): void {
  const path = noteOf(runFolder);
  const rest = Object.fromEntries(Object.entries(readNote(path)).filter(([key]) => key !== "pin"));
  if (!pinned && Object.keys(rest).length === 0) return rmSync(path, { force: true });
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  if (lstatSync(folder).isSymbolicLink())
    throw fileError(folder, "is a link, not written to", "Notes lie in a plain folder beside the runs.");
  writeAtomic(path, `${JSON.stringify(pinned ? { ...rest, pin: true } : rest, null, 2)}\n`);
}

/** Forgets what was noted of a run that is gone. */
export function deleteNote(runFolder: string): void {
  const path = noteOf(runFolder);
  if (!lstatSync(dirname(path), { throwIfNoEntry: false })?.isDirectory()) return;
  rmSync(path, { force: true });
}

function readNote(path: string): Readonly<Record<string, unknown>> {
  let raw: unknown;
  try {
    raw = readJson(path, largestNote) ?? {};
  } catch (error) {
    throw fileError(path, (error as Error).message, "Mend or delete this note of the run.");
  }
  if (!isNote(raw)) throw fileError(path, "is no JSON object", "Mend or delete this note of the run.");
  return raw;
}

const isNote = (raw: unknown): raw is Readonly<Record<string, unknown>> =>
  typeof raw === "object" && raw !== null && !Array.isArray(raw);
