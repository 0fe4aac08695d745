// From the bytes of `events.jsonl`, as they come, to events: whole lines only, the torn last line waits for its newline.
import type { RunEvent } from "../protocol/events";
import { decodeRecent } from "./recentLines";
import { latestOfEachShape } from "./latestLines";

/** A longer line is no event: it is passed over, not kept. */
const longestLine = 64 * 2 ** 20;
const newline = 10;
/** So much is read whole by whoever wants the latest only. */
const fewBytes = 1 << 11;

export class EventLines {
  private rest: Uint8Array[] = [];
  private restBytes = 0;
  /** Until the next newline everything belongs to a line that was given up, or began before the first byte. */
  private skipping = false;
  private damage = 0;
  /** Of these, those since the last line that was one. */
  private torn = 0;
  private readonly decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  /** Lines that were no events. One right before a header is none of them: a kill tore it, and the process that closed it tells again whatever it can have held. */
  get damagedLines(): number {
    return this.damage;
  }

  /** Bytes of the line that has no end yet. */
  get unfinished(): number {
    return this.restBytes;
  }

  /** What comes next is another place of the log. @param inLine  Whether that may lie within a line, which is then passed over. */
  jump(inLine: boolean): void {
    [this.rest, this.restBytes, this.skipping] = [[], 0, inLine];
  }

  /** What comes next is another log. */
  restart(): void {
    this.jump(false);
    [this.damage, this.torn] = [0, 0];
  }

  /**
   * Adds the events of the lines that these bytes complete.
   * @param latestOnly  Of many bytes the latest readings of each shape will do.
   */
  take(chunk: Uint8Array, events: RunEvent[], latestOnly = false): void {
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
    const text = this.decoder.decode(joined([...this.rest, bytes.subarray(0, end)]));
    [this.rest, this.restBytes] = [[], 0];
    this.keep(bytes.subarray(end + 1));
    const lines = text.split("\n");
    const wanted = latestOnly && text.length > fewBytes ? latestOfEachShape(lines) : lines;
    for (const line of wanted) this.line(line, events);
  }

  private line(line: string, events: RunEvent[]): void {
    if (line.trim() === "") return;
    const event = decodeRecent(line);
    if (event === "damaged") {
      this.damage++;
      this.torn++;
      return;
    }
    if (event !== "unknown") events.push(event);
    if (event !== "unknown" && event.kind === "header") this.damage -= this.torn;
    this.torn = 0;
  }

  private keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.rest.push(bytes);
    this.restBytes += bytes.length;
    if (this.restBytes <= longestLine) return;
    this.jump(true);
    this.damage++;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
