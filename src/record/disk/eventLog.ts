// Appends events to `events.jsonl`: one writer, whole lines, each batch at once and never later than a quarter second.
import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import type { RunEvent } from "../../protocol/events";
import { stringify } from "../../protocol/numbers";
import { encodeEvent, Packer, roundEvent } from "../pack";

const longestDelay = 250;
/**
 * The first readings of each probe have a line each, for whoever reads a log by eye or with three lines of Python; of the loop's own
 * losses as many as a run logs anyway.
 */
const plainReadings = { probe: 1500, loop: 5000 } as const;
const newline = 10;

export class EventLog {
  private readonly fd: number;
  private readonly waiting = new Packer((event) => this.isPlain(event.probe));
  /** Bytes that the disk has not taken yet: a full disk may take half a line. */
  private unwritten: Buffer = Buffer.alloc(0);
  private timer: NodeJS.Timeout | null = null;
  private failure: Error | null = null;
  /** Readings so far by probe; the loop's own under the empty name. */
  private readonly counts = new Map<string, number>();
  private lastWrite = performance.now();

  /**
   * Opens for appending. A line that an earlier process left half-written is closed, so that ours start on their own.
   * @throws the system's error: the folder is gone, the disk is full, a link stands in the log's place.
   */
  constructor(path: string) {
    const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
    this.fd = openSync(path, flags, 0o644);
    const { size } = fstatSync(this.fd);
    const last = Buffer.alloc(1);
    if (size > 0 && readSync(this.fd, last, 0, 1, size - 1) === 1 && last[0] !== newline)
      this.unwritten = Buffer.from("\n");
  }

  /**
   * Queues an event. It reaches the system with the next `flush`, or by itself within a quarter second.
   * @throws the error of a write that failed in the meantime.
   */
  add(event: RunEvent): void {
    if (this.failure) throw this.failure;
    this.waiting.add(roundEvent(event));
    this.timer ??= setTimeout(() => {
      try {
        this.flush();
      } catch (error) {
        // Nobody waits for a timer: the next `add` tells.
        this.failure = error as Error;
      }
    }, longestDelay);
  }

  /** Hands everything queued to the system. What did not fit on the disk stays queued. @throws the system's error. */
  flush(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const events = this.waiting.take();
    if (events.length > 0) {
      const lines = Buffer.from(events.map((event) => `${stringify(encodeEvent(event))}\n`).join(""));
      this.unwritten = this.unwritten.length > 0 ? Buffer.concat([this.unwritten, lines]) : lines;
    }
    while (this.unwritten.length > 0)
      this.unwritten = this.unwritten.subarray(writeSync(this.fd, this.unwritten, 0, this.unwritten.length));
    this.failure = null;
    this.lastWrite = performance.now();
  }

  private isPlain(probe: string | undefined): boolean {
    const count = (this.counts.get(probe ?? "") ?? 0) + 1;
    this.counts.set(probe ?? "", count);
    return count <= (probe === undefined ? plainReadings.loop : plainReadings.probe);
  }

  /** As `flush`, and waits until the disk has it: what is said to be kept survives a power cut. */
  sync(): void {
    this.flush();
    try {
      fsyncSync(this.fd);
    } catch (error) {
      // A device or pipe that stands for a log has nothing to wait for.
      if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
    }
  }

  /** Seconds since anything was last written. */
  get silence(): number {
    return (performance.now() - this.lastWrite) / 1000;
  }

  /** @throws as `flush`; the file is closed all the same. */
  close(): void {
    try {
      this.flush();
    } finally {
      closeSync(this.fd);
    }
  }
}
