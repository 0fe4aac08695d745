// Small files of a run folder: written whole or not at all, read only where they are plain files of a sensible size.
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

/** More than this is no run.json, verdict.json or note. */
export const largestJson = 16 * 2 ** 20;

/**
 * Writes a file so that a reader, also one after a crash at any instruction, sees the old content or the new: a temporary file beside
 * it, flushed to the disk, renamed over it, the folder flushed. A link that stands in its place is replaced, never followed.
 *
 * @throws the system's error (ENOSPC, EACCES, …); the old content is then still there.
 */
export function writeAtomic(path: string, bytes: string | Uint8Array): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  rmSync(temporary, { force: true });
  try {
    const fd = openSync(temporary, "wx");
    try {
      writeAll(fd, typeof bytes === "string" ? Buffer.from(bytes) : bytes);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/** Removes what writers that were killed have left in a folder. Its only writer does this. @throws the system's error. */
export function removeTemporaries(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return;
  }
  for (const name of names) if (/^\..+\.\d+\.tmp$/.test(name)) rmSync(join(folder, name), { force: true });
}

/** Writes every byte: a single write may take fewer. @throws the system's error. */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at);
}

/** Makes a rename last through a power cut. Windows has no such call and needs none. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * The bytes of a plain file of at most `largest` bytes, or null where there is none. Never waits (a FIFO), never follows a link as
 * the last part of the path, never reads a device.
 *
 * @throws Error that says what stands there instead.
 */
export function readPlainFile(path: string, largest: number): Buffer | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new Error(code === "ELOOP" ? "is a link" : `cannot be read (${code})`);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Error("is no plain file");
    if (stat.size > largest) throw new Error(`has ${stat.size} bytes, more than ${largest}`);
    const bytes = Buffer.alloc(stat.size);
    let size = 0;
    for (let got = -1; got !== 0 && size < bytes.length; size += got)
      got = readSync(fd, bytes, size, bytes.length - size, size);
    return bytes.subarray(0, size);
  } finally {
    closeSync(fd);
  }
}

/** The first line of a plain file; "" where there is no file, or no line of at most `longest` bytes. */
export function readFirstLine(path: string, longest: number): string {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  let fd: number;
  try {
    fd = openSync(path, flags);
  } catch {
    return "";
  }
  try {
    if (!fstatSync(fd).isFile()) return "";
    // Most first lines are short: a small piece first.
    for (let size = Math.min(2048, longest); ; size = longest) {
      const bytes = Buffer.alloc(size);
      const got = readSync(fd, bytes, 0, size, 0);
      const end = bytes.subarray(0, got).indexOf(10);
      if (end >= 0) return bytes.toString("utf8", 0, end);
      if (got < size || size === longest) return "";
    }
  } finally {
    closeSync(fd);
  }
}

/** A small JSON file as a value nobody has checked yet; undefined where there is none. @throws Error that says what is wrong with it. */
export function readJson(path: string, largest = largestJson): unknown {
  const bytes = readPlainFile(path, largest);
  if (bytes === null) return undefined;
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new Error("is no JSON");
  }
}
