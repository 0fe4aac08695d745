// Appends events to `events.jsonl`: one writer, whole lines, each batch at once and never later than a quarter second.
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import type { RunEvent } from "../protocol/events";
import { stringify } from "../protocol/numbers";

const longestDelay = 250;

export class EventLog {
  private readonly fd: number;
  private waiting: string[] = [];
  private timer: NodeJS.Timeout | null = null;

  /** Opens for appending. A line that an earlier process left half-written is closed, so that ours start on their own. */
  constructor(path: string) {
    this.fd = openSync(path, "a+");
    const { size } = fstatSync(this.fd);
    const last = Buffer.alloc(1);
    if (size > 0 && readSync(this.fd, last, 0, 1, size - 1) === 1 && last[0] !== 10) writeSync(this.fd, "\n");
  }

  /** Queues an event. It reaches the disk with the next `flush`, or by itself within a quarter second. */
  add(event: RunEvent): void {
    this.waiting.push(stringify(event));
    this.timer ??= setTimeout(() => this.flush(), longestDelay);
  }

  flush(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    if (this.waiting.length === 0) return;
    const text = `${this.waiting.join("\n")}\n`;
    this.waiting = [];
    writeSync(this.fd, text);
  }

  close(): void {
    this.flush();
    closeSync(this.fd);
  }
}
