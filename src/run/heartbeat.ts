// Tells readers on other machines that the process lives, where nothing else was written for a while.
import type { EventLog } from "../record/disk/eventLog";

/** Readers expect a sign of life every 30 seconds. */
const quietSeconds = 20;

/** Adds a heartbeat whenever the log has been silent for 20 seconds, until the returned function is called. */
export function startHeartbeat(
  log: Pick<EventLog, "add" | "flush" | "silence">,
  seconds: () => number,
): () => void {
  const timer = setInterval(() => {
    if (log.silence < quietSeconds) return;
    try {
      log.add({ kind: "heartbeat", time: seconds() });
      log.flush();
    } catch {
      // Nobody waits for a timer: the next event that cannot be written tells.
    }
  }, 1000);
  timer.unref();
  return () => clearInterval(timer);
}
