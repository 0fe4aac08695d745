// Reads a growing `events.jsonl` slice by slice: whole lines only, the torn last line waits for its newline.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { RunEvent } from "../../protocol/events";
import { decodeLine } from "../decodeEvent";

const chunkBytes = 1 << 20;
/** A longer line is no event: it is passed over, not kept. */
const longestLine = 64 * 2 ** 20;
const newline = 10;

export interface TailSlice {
  readonly events: RunEvent[];
  /** The file was replaced or cut: what was read before no longer holds. */
  readonly restarted: boolean;
  /** Whether there is more to read right now. */
  readonly more: boolean;
}

const nothing: TailSlice = { events: [], restarted: false, more: false };

export class EventTail {
  private offset = 0;
  private file = 0;
  private rest: Buffer[] = [];
  private restBytes = 0;
  /** Until the next newline everything belongs to a line that was given up, or began before the first read. */
  private skipping = false;
  private damage = 0;
  /** Of these, those since the last line that was one. */
  private torn = 0;
  /** What stands in the log's place where it is none: "is a link", "is no plain file". */
  obstacle: string | null = null;

  constructor(private readonly path: string) {}

  /**
   * Lines that were no events. One right before a header is none of them: a kill tore it, and the process that closed it tells again
   * whatever it can have held.
   */
  get damagedLines(): number {
    return this.damage;
  }

  /** Bytes of the whole lines read so far: a line starts there. */
  get position(): number {
    return this.offset - this.restBytes;
  }

  /** Begins in the middle of the file, with the first whole line after `offset`. */
  startAt(offset: number): void {
    [this.offset, this.rest, this.restBytes, this.skipping] = [offset, [], 0, offset > 0];
  }

  /** Begins at an offset that is known to be a line's first byte. */
  continueFrom(offset: number): void {
    this.startAt(offset);
    this.skipping = false;
  }

  /** Events of the lines completed since the last call, from at most `most` bytes of the file. No file, a link, a device: no events. */
  read(most = Infinity): TailSlice {
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
        this.startAt(0);
        [this.damage, this.torn] = [0, 0];
      }
      this.file = stat.ino;
      const events: RunEvent[] = [];
      const end = Math.min(stat.size, this.offset + most);
      while (this.offset < end) {
        const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, end - this.offset));
        const got = readSync(fd, chunk, 0, chunk.length, this.offset);
        if (got === 0) break;
        this.offset += got;
        this.take(chunk.subarray(0, got), events);
      }
      return { events, restarted, more: this.offset < stat.size };
    } finally {
      closeSync(fd);
    }
  }

  private take(chunk: Buffer, events: RunEvent[]): void {
    let bytes = chunk;
    // Split at the newline byte: a character of several bytes is never cut.
    if (this.skipping) {
      const first = bytes.indexOf(newline);
      if (first < 0) return;
      bytes = bytes.subarray(first + 1);
      this.skipping = false;
    }
    const end = bytes.lastIndexOf(newline);
    if (end < 0) return this.keep(bytes);
    const text = Buffer.concat([...this.rest, bytes.subarray(0, end)]).toString("utf8");
    [this.rest, this.restBytes] = [[], 0];
    this.keep(bytes.subarray(end + 1));
    for (const line of text.split("\n")) {
      if (line.trim() === "") continue;
      const event = decodeLine(line);
      if (event === "damaged") {
        this.damage++;
        this.torn++;
        continue;
      }
      if (event !== "unknown") events.push(event);
      if (event !== "unknown" && event.kind === "header") this.damage -= this.torn;
      this.torn = 0;
    }
  }

  private keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.rest.push(bytes);
    this.restBytes += bytes.length;
    if (this.restBytes <= longestLine) return;
    [this.rest, this.restBytes, this.skipping] = [[], 0, true];
    this.damage++;
  }
}
