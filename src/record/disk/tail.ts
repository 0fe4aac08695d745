// Reads a growing `events.jsonl` slice by slice.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { RunEvent } from "../../protocol/events";
import { EventLines } from "../eventLines";
import type { TailSlice } from "../tailSlice";

const chunkBytes = 1 << 20;

const nothing: TailSlice = { events: [], restarted: false, more: false };

export class EventTail {
  private offset = 0;
  private file = 0;
  private readonly lines = new EventLines();
  /** What stands in the log's place where it is none: "is a link", "is no plain file". */
  obstacle: string | null = null;

  constructor(private readonly path: string) {}

  /** Lines that were no events. */
  get damagedLines(): number {
    return this.lines.damagedLines;
  }

  /** Bytes of the whole lines read so far: a line starts there. */
  get position(): number {
    return this.offset - this.lines.unfinished;
  }

  /** Begins in the middle of the file, with the first whole line after `offset`. */
  startAt(offset: number): void {
    this.offset = offset;
    this.lines.jump(offset > 0);
  }

  /** Begins at an offset that is known to be a line's first byte. */
  continueFrom(offset: number): void {
    this.offset = offset;
    this.lines.jump(false);
  }

  /** Begins anew: what is read next was told before, and is told again. */
  restart(): void {
    [this.offset, this.file] = [0, 0];
    this.lines.restart();
  }

  /**
   * Events of the lines completed since the last call. No file, a link, a device: no events.
   * @param most        Bytes of the file.
   * @param latestOnly  Of many bytes the latest readings of each shape will do.
   */
  read(most = Infinity, latestOnly = false): TailSlice {
    let fd: number;
    try {
      fd = openSync(
        this.path,
        constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
      );
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      this.obstacle =
        code === "ENOENT" || code === "ENOTDIR"
          ? null
          : code === "ELOOP"
            ? "is a link"
            : `cannot be read (${code})`;
      return nothing;
    }
    try {
      const stat = fstatSync(fd);
      this.obstacle = stat.isFile() ? null : "is no plain file";
      if (this.obstacle) return nothing;
      const restarted = (this.file !== 0 && stat.ino !== this.file) || stat.size < this.offset;
      if (restarted) {
        this.offset = 0;
        this.lines.restart();
      }
      this.file = stat.ino;
      const events: RunEvent[] = [];
      const end = Math.min(stat.size, this.offset + most);
      while (this.offset < end) {
        const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, end - this.offset));
        const got = readSync(fd, chunk, 0, chunk.length, this.offset);
        if (got === 0) break;
        this.offset += got;
        this.lines.take(chunk.subarray(0, got), events, latestOnly);
      }
      return { events, restarted, more: this.offset < stat.size };
    } finally {
      closeSync(fd);
    }
  }
}
