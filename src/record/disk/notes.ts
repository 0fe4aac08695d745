// What people add to a run, kept beside the runs folder so that a run never writes there and a deleted cache of runs leaves nothing behind: `notes/<run-id>.json`.
import { lstatSync, mkdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileError } from "../../protocol/errors";
import { notesFolder } from "../../protocol/runFolder";
import { isRaw, type Raw } from "../decode";
import { withChange, type NoteChange } from "../runNote";
import { readJson, writeAtomic } from "./files";

/** More bytes than this nobody writes about a run. */
export const largestNote = 2 ** 20;

/** Where the note of a run lies. */
export const noteOf = (runFolder: string): string =>
  join(dirname(dirname(runFolder)), notesFolder, `${basename(runFolder)}.json`);

/** Notes something of a run, and keeps what else its note says; a note that says nothing any more goes. @throws UserError where the note is none. */
export function changeNote(runFolder: string, change: NoteChange): void {
  const path = noteOf(runFolder);
  const note = withChange(readNote(path), change);
  if (Object.keys(note).length === 0) return rmSync(path, { force: true });
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  if (lstatSync(folder).isSymbolicLink())
    throw fileError(folder, "is a link, not written to", "Notes lie in a plain folder beside the runs.");
  writeAtomic(path, `${JSON.stringify(note, null, 2)}\n`);
}

/** Forgets what was noted of a run that is gone. */
export function deleteNote(runFolder: string): void {
  const path = noteOf(runFolder);
  if (!lstatSync(dirname(path), { throwIfNoEntry: false })?.isDirectory()) return;
  rmSync(path, { force: true });
}

function readNote(path: string): Raw {
  let raw: unknown;
  try {
    raw = readJson(path, largestNote) ?? {};
  } catch (error) {
    throw fileError(path, (error as Error).message, "Mend or delete this note of the run.");
  }
  if (!isRaw(raw)) throw fileError(path, "is no JSON object", "Mend or delete this note of the run.");
  return raw;
}
