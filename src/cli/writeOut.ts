// A file that the user named with --out.
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileError } from "../protocol/errors";

/** Writes it beside its place and moves it there: a program that reads it never meets half of one. @throws UserError where it cannot be. */
export function writeOut(target: string, data: Iterable<string | Uint8Array>): void {
  if (statSync(target, { throwIfNoEntry: false })?.isDirectory())
    throw fileError(target, "is a folder", "Name a file in it with --out.");
  let folder: string | undefined;
  try {
    mkdirSync(dirname(target), { recursive: true });
    folder = mkdtempSync(join(dirname(target), ".basin-"));
    const temporary = join(folder, basename(target));
    const fd = openSync(temporary, "wx");
    try {
      for (const piece of data) {
        const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
        for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
      }
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw fileError(target, `cannot be written (${code})`, "Name another place with --out.");
  } finally {
    if (folder) rmSync(folder, { recursive: true, force: true });
  }
}
