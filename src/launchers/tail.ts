// Reads a growing `events.jsonl` piece by piece: whole lines only, the torn last line waits for its newline.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { RunEvent } from "../protocol/events";

const kinds: ReadonlySet<string> = new Set<RunEvent["kind"]>([
  "header",
  "metrics",
  "checkpoint",
  "diverged",
  "closing",
  "note",
  "end",
]);
const chunkBytes = 1 << 20;

/** One line as an event, or null for anything else. Numbers that are not finite stay the words they are on disk. */
function parseEvent(line: string): RunEvent | null {
  try {
    const value = JSON.parse(line) as { kind?: unknown } | null;
    return value !== null && typeof value === "object" && kinds.has(String(value.kind))
      ? (value as RunEvent)
      : null;
  } catch {
    return null;
  }
}

export class EventTail {
  private offset = 0;
  private rest: Buffer = Buffer.alloc(0);
  private warned = false;

  constructor(
    private readonly path: string,
    private readonly warn: (message: string) => void = () => undefined,
  ) {}

  /** Events of the lines that were completed since the last call; `reset` when the file was replaced by a shorter one. */
  read(): { events: RunEvent[]; reset: boolean } {
    let fd: number;
    try {
      fd = openSync(this.path, "r");
    } catch {
      return { events: [], reset: false };
    }
    try {
      const { size } = fstatSync(fd);
      const reset = size < this.offset;
      if (reset) {
        this.offset = 0;
        this.rest = Buffer.alloc(0);
      }
      const events: RunEvent[] = [];
      while (this.offset < size) {
        const chunk = Buffer.alloc(Math.min(chunkBytes, size - this.offset));
        const got = readSync(fd, chunk, 0, chunk.length, this.offset);
        if (got === 0) break;
        this.offset += got;
        this.take(Buffer.concat([this.rest, chunk.subarray(0, got)]), events);
      }
      return { events, reset };
    } finally {
      closeSync(fd);
    }
  }

  private take(bytes: Buffer, events: RunEvent[]): void {
    // Split at the newline byte: a character of several bytes is never cut.
    const end = bytes.lastIndexOf(10);
    this.rest = bytes.subarray(end + 1);
    if (end < 0) return;
    for (const line of bytes.toString("utf8", 0, end).split("\n")) {
      if (line.trim() === "") continue;
      const event = parseEvent(line);
      if (event) events.push(event);
      else if (!this.warned) {
        this.warned = true;
        this.warn(`${this.path}: skipped a line that is no event: ${line.slice(0, 80)}`);
      }
    }
  }
}
