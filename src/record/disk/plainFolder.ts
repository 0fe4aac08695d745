// A run folder may have been committed or copied by someone else: before anything is written, no link in it leads out of it. A file
// with a second name (a hard link) is one too where it is written into: the log. All others are replaced, and the second name keeps the old.
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileError } from "../../protocol/errors";
import { files, stopFile } from "../../protocol/runFolder";

const plainFiles = [files.run, files.events, files.verdict, files.log, files.judgements, stopFile];
/** These grow in place. */
const appendedTo: readonly string[] = [files.events, files.log, files.judgements];
const folders = [files.checkpoints, files.processes, files.factors];

/** @throws UserError naming the first thing that is no plain file or folder where one is written. */
export function checkPlainFolder(folder: string): void {
  const hint =
    "A run folder holds plain files only: this one was made or changed by something else than Basin.";
  for (const name of plainFiles) {
    const kind = kindOf(join(folder, name), appendedTo.includes(name));
    if (kind !== null && kind !== "file")
      throw fileError(join(folder, name), `is ${kind}, not written to`, hint);
  }
  for (const name of folders) {
    const path = join(folder, name);
    const kind = kindOf(path);
    if (kind === null) continue;
    if (kind !== "a folder") throw fileError(path, `is ${kind}, not written to`, hint);
    for (const entry of readdirSync(path, { withFileTypes: true }))
      if (!entry.isFile()) throw fileError(join(path, entry.name), "is no plain file, not written to", hint);
  }
}

function kindOf(path: string, sole = false): string | null {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return null;
  if (sole && stat.isFile() && stat.nlink > 1) return "a file with a second name elsewhere (a hard link)";
  if (stat.isFile()) return "file";
  if (stat.isSymbolicLink()) return "a link";
  return stat.isDirectory() ? "a folder" : "no plain file";
}
