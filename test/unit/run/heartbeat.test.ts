// The sign of life of a run that has nothing to write.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { RunEvent } from "../../../src/protocol/events";
import { startHeartbeat } from "../../../src/run/heartbeat";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A log that knows when it was written last. */
function logAt() {
  let last = Date.now();
  const events: RunEvent[] = [];
  const add = (event: RunEvent) => void events.push(event);
  const write = () => void (last = Date.now());
  return { events, add, flush: write, write, silence: () => (Date.now() - last) / 1000 };
}

test("a silent log gets a heartbeat at least every 30 seconds, one that is written none; it ends when it is stopped", () => {
  const log = logAt();
  const stop = startHeartbeat(
    {
      add: log.add,
      flush: log.flush,
      get silence() {
        return log.silence();
      },
    },
    () => 7,
  );
  vi.advanceTimersByTime(120_000);
  expect(log.events.length).toBeGreaterThanOrEqual(4);
  expect(log.events.length).toBeLessThan(10);
  expect(log.events[0]).toEqual({ kind: "heartbeat", time: 7 });
  const before = log.events.length;
  for (let second = 0; second < 100; second++) {
    log.write();
    vi.advanceTimersByTime(1000);
  }
  expect(log.events).toHaveLength(before);
  stop();
  vi.advanceTimersByTime(120_000);
  expect(log.events).toHaveLength(before);
});
