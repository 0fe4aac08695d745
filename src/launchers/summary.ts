// What a run's log adds up to so far: step, time, latest readings and how it ended. Reads only what is new each time.
import type { EndReason, RunEvent } from "../protocol/events";
import type { MetricName, MetricValues } from "../protocol/metrics";
import { EventTail } from "./eventTail";

export class LogSummary {
  step = 0;
  time = 0;
  /** Reason of the `end` event after the last header; null without one. */
  end: EndReason | null = null;
  private latest = new Map<MetricName, { step: number; value: number | readonly number[] }>();
  private readonly tail: EventTail;

  constructor(path: string) {
    this.tail = new EventTail(path);
  }

  get last(): MetricValues {
    return Object.fromEntries([...this.latest].map(([name, { value }]) => [name, value]));
  }

  /** Takes in what was appended since the last call. */
  update(): void {
    const { events, restarted } = this.tail.read();
    if (restarted) {
      this.latest = new Map();
      [this.step, this.time, this.end] = [0, 0, null];
    }
    events.forEach((event) => this.add(event));
  }

  private add(event: RunEvent): void {
    switch (event.kind) {
      case "header":
        this.end = null;
        if (event.resumedAt !== undefined) this.rewind(event.resumedAt);
        return;
      case "metrics":
        for (const [name, value] of Object.entries(event.values))
          if (value !== undefined) this.latest.set(name, { step: event.step, value });
        this.step = event.step;
        this.time = event.time;
        return;
      case "end":
        this.end = event.reason;
        this.step = event.step;
        this.time = event.time;
        return;
      default:
        this.step = Math.max(this.step, event.step);
    }
  }

  /** A resume at `step` takes back every later reading; the resumed process makes them again. */
  private rewind(step: number): void {
    this.step = Math.min(this.step, step);
    for (const [name, reading] of this.latest) if (reading.step > step) this.latest.delete(name);
  }
}
