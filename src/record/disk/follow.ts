// Follows a run as it grows: new events within a tenth of a second, and every change of status.
import { resolve } from "node:path";
import type { RunEvent } from "../../protocol/events";
import type { RunStatus } from "../../types/runStatus";
import type { Verdict } from "../../types/verdict";
import type { RunRecord } from "../runRecord";
import { forFollowing, RunReader } from "./runReader";

const pollMilliseconds = 100;

export interface FollowHandlers {
  /** Each batch as it reaches the disk, first everything there is. A resumed run's header takes back what it repeats. */
  readonly onEvents?: (events: readonly RunEvent[]) => void;
  /** Once at first, then whenever the status, the verdict or where it is changes. Comes after the events that led to it. */
  readonly onStatus?: (status: RunStatus, verdict: Verdict | null, record: RunRecord) => void;
  /** At most once: a line in the log that is no event. */
  readonly onWarning?: (message: string) => void;
}

export interface Follower {
  /** Reads at once: what stands in the folder now is delivered before this returns. */
  flush(): void;
  dispose(): void;
}

/**
 * Follows until disposed. The first handlers are called before the next turn of the event loop, never during this call.
 *
 * @param milliseconds  Between two looks: more for many runs on a disk that others share.
 */
export function followRun(
  folder: string,
  handlers: FollowHandlers,
  milliseconds = pollMilliseconds,
): Follower {
  const reader = new RunReader(resolve(folder), forFollowing);
  let damage = 0;
  let disposed = false;
  let before = "";
  const read = () => {
    if (disposed) return;
    const events = reader.update();
    if (events.length > 0) handlers.onEvents?.(events);
    if (damage === 0 && reader.damagedLines > 0)
      handlers.onWarning?.(`${folder}: skipped a line of its log that is no event`);
    damage = reader.damagedLines;
    let record: RunRecord;
    try {
      record = reader.current();
    } catch {
      return; // Not a run yet, or deleted: there is nothing to tell.
    }
    const { status, verdict } = record;
    const now = `${status} ${verdict?.verdict} ${verdict?.step} ${record.place?.says}`;
    if (now === before || disposed) return;
    before = now;
    handlers.onStatus?.(status, verdict, record);
  };
  queueMicrotask(read);
  const timer = setInterval(read, milliseconds);
  return {
    flush: read,
    dispose: () => {
      disposed = true;
      clearInterval(timer);
    },
  };
}
