// The end of what a run's process said, as text.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** At most the last `longest` bytes of a plain file, none before `from`; "" where there is none, or something else stands in its place. */
export function readLogText(path: string, longest: number, from = 0): string {
  let fd: number;
  try {
    const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = constants;
    fd = openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  } catch {
    return "";
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size <= from) return "";
    const bytes = Buffer.alloc(Math.min(longest, stat.size - from));
    const got = readSync(fd, bytes, 0, bytes.length, stat.size - bytes.length);
    return bytes.toString("utf8", 0, got);
  } finally {
    closeSync(fd);
  }
}
