// Reads an event log that is still being written: whole lines only, from where the last read stopped.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { RunEvent } from "../protocol/events";
import type { MetricValues } from "../protocol/metrics";
import { decodeNum, type Num } from "../protocol/numbers";

const chunkBytes = 1 << 20;
const newline = 10;

type Check = (event: Readonly<Record<string, unknown>>) => boolean;
const hasStep: Check = ({ step }) => typeof step === "number";
/** What makes a line an event of each kind. */
const checks: Readonly<Record<RunEvent["kind"], Check>> = {
  header: ({ id, steps }) => typeof id === "string" && typeof steps === "number",
  metrics: (event) => hasStep(event) && typeof event.values === "object" && event.values !== null,
  checkpoint: hasStep,
  diverged: hasStep,
  note: hasStep,
  end: (event) => hasStep(event) && typeof event.reason === "string",
};

const decode = (value: unknown): number | number[] =>
  Array.isArray(value) ? value.map((x) => decodeNum(x as Num)) : decodeNum(value as Num);

/** One line of `events.jsonl` with its numbers decoded; null when it is not an event. */
export function parseEvent(line: string): RunEvent | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const event = value as Record<string, unknown>;
  const kind = event.kind as RunEvent["kind"];
  if (!Object.hasOwn(checks, String(kind)) || !checks[kind](event)) return null;
  if (kind !== "metrics") return event as unknown as RunEvent;
  const values: MetricValues = Object.fromEntries(
    Object.entries(event.values as object).map(([name, x]) => [name, decode(x)]),
  );
  return { ...event, values } as unknown as RunEvent;
}

export class EventTail {
  private offset = 0;
  private rest: Buffer = Buffer.alloc(0);
  private warned = false;

  constructor(
    private readonly path: string,
    private readonly warn: (message: string) => void = () => undefined,
  ) {}

  /** The events that became whole since the last call. `restarted`: the file is another one, begun from its first line. */
  read(): { events: RunEvent[]; restarted: boolean } {
    const events: RunEvent[] = [];
    let restarted = false;
    let fd: number;
    try {
      fd = openSync(this.path, "r");
    } catch {
      return { events, restarted };
    }
    try {
      const { size } = fstatSync(fd);
      if (size < this.offset) {
        this.offset = 0;
        this.rest = Buffer.alloc(0);
        restarted = true;
      }
      while (this.offset < size) {
        const chunk = Buffer.alloc(Math.min(chunkBytes, size - this.offset));
        const got = readSync(fd, chunk, 0, chunk.length, this.offset);
        if (got === 0) break;
        this.offset += got;
        this.take(chunk.subarray(0, got), events);
      }
    } finally {
      closeSync(fd);
    }
    return { events, restarted };
  }

  private take(chunk: Buffer, events: RunEvent[]): void {
    let bytes = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline)) {
      const line = bytes.toString("utf8", 0, end).trim();
      bytes = bytes.subarray(end + 1);
      if (line === "") continue;
      const event = parseEvent(line);
      if (event) events.push(event);
      else this.warnOnce(line);
    }
    this.rest = Buffer.from(bytes);
  }

  private warnOnce(line: string): void {
    if (this.warned) return;
    this.warned = true;
    this.warn(`${this.path}: skipped a line that is no event: ${line.slice(0, 80)}`);
  }
}

/** Drops what a resume took back: events of steps after the checkpoint it went on from. */
export function withoutSuperseded(events: readonly RunEvent[]): RunEvent[] {
  let kept: RunEvent[] = [];
  for (const event of events) {
    if (event.kind === "header" && event.resumedAt !== undefined) {
      const { resumedAt } = event;
      // The end of the process before says nothing any more, whatever its step.
      kept = kept.filter((old) => old.kind === "header" || (old.kind !== "end" && old.step <= resumedAt));
    }
    kept.push(event);
  }
  return kept;
}
