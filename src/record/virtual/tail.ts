// Reads `events.jsonl` slice by slice where a file comes only whole: it is fetched when it has changed, and kept no longer than until it was read.
import type { RunEvent } from "../../protocol/events";
import { EventLines } from "../eventLines";
import type { TailSlice } from "../tailSlice";
import { obstacleOf, readPlain, type Files } from "./files";

/** A longer log is read on a disk, piece by piece; here all of it would be in memory. */
const largestLog = 64 * 2 ** 20;
const nothing: TailSlice = { events: [], restarted: false, more: false };
const none = new Uint8Array(0);

export class VirtualTail {
  private readonly lines = new EventLines();
  /** What was fetched and not read yet. */
  private waiting: Uint8Array = none;
  /** Bytes read so far. */
  private offset = 0;
  private stamp = "";
  /** What stands in the log's place where it is none, or why it is not read: "is a link". */
  obstacle: string | null = null;

  constructor(
    private readonly files: Files,
    private readonly place: string,
  ) {}

  /** Lines that were no events. */
  get damagedLines(): number {
    return this.lines.damagedLines;
  }

  /** Begins anew: what is read next was told before, and is told again. */
  restart(): void {
    [this.offset, this.stamp, this.waiting] = [0, "", none];
    this.lines.restart();
  }

  /** Events of the lines completed since the last call, from at most `most` bytes. What cannot be read gives none, and is in `obstacle`. */
  async read(most = Infinity): Promise<TailSlice> {
    const restarted = this.waiting.length === 0 && (await this.takeAdded());
    if (this.waiting.length === 0) return { ...nothing, restarted };
    const events: RunEvent[] = [];
    const slice = this.waiting.subarray(0, most);
    this.lines.take(slice, events);
    this.offset += slice.length;
    this.waiting = slice.length === this.waiting.length ? none : this.waiting.subarray(slice.length);
    return { events, restarted, more: this.waiting.length > 0 };
  }

  /** Takes what has been added. Returns whether the log is another one: shorter than what was read of it. */
  private async takeAdded(): Promise<boolean> {
    try {
      const stat = await this.files.stat(this.place);
      this.obstacle = stat && obstacleOf(stat, largestLog);
      if (!stat || this.obstacle !== null || stat.stamp === this.stamp) return false;
      const file = await readPlain(this.files, this.place, largestLog);
      if (!file) return false;
      this.stamp = file.stamp;
      const restarted = file.bytes.length < this.offset;
      if (restarted) {
        this.offset = 0;
        this.lines.restart();
      }
      this.waiting = file.bytes.subarray(this.offset);
      return restarted;
    } catch (error) {
      this.obstacle = (error as Error).message;
      return false;
    }
  }
}
