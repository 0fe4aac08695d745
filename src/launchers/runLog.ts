// The end of what a run's process said, for a message about a run that failed.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { files } from "../protocol/runFolder";

/** More than this is no message. */
const longest = 1 << 16;

/** The last lines of `run.log`; "" where there is none, or where something else than a plain file stands in its place. */
export function readLog(folder: string, lines = 10): string {
  let fd: number;
  try {
    const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = constants;
    fd = openSync(join(folder, files.log), O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  } catch {
    return "";
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return "";
    const bytes = Buffer.alloc(Math.min(longest, stat.size));
    const got = readSync(fd, bytes, 0, bytes.length, stat.size - bytes.length);
    return bytes.toString("utf8", 0, got).trimEnd().split("\n").slice(-lines).join("\n");
  } finally {
    closeSync(fd);
  }
}
