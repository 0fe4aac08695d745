// Follows a run as it writes its folder: each batch of events, and its status whenever that changes.
import { watch, type FSWatcher } from "node:fs";
import { join } from "node:path";
import type { RunEvent } from "../protocol/events";
import { files, type RunStatus } from "../protocol/runFolder";
import type { Verdict } from "../protocol/verdict";
import { EventTail, withoutSuperseded } from "./eventTail";
import { readRun, type RunRecord } from "./runs";

const pollMilliseconds = 150;
/** A run that has ended can still be resumed elsewhere: look again this often. */
const restMilliseconds = 1000;

export interface RunListener {
  /**
   * Events in the order they were written. The first call brings the log so far. A later header with `resumedAt` takes back
   * events of later steps that were already delivered.
   */
  onEvents(events: RunEvent[]): void;
  /** At first, and when status or verdict change; every event written before has then been delivered. */
  onStatus?(status: RunStatus, verdict: Verdict | null, record: RunRecord): void;
  /** Once, when the log holds a line that is no event. */
  onWarning?(message: string): void;
}

export interface Follower {
  /** Delivers at once what stands in the log. */
  flush(): void;
  dispose(): void;
}

/** Starts to follow the run in `folder`, from its first event. Listeners are called after this returns. */
export function followRun(folder: string, listener: RunListener): Follower {
  return new FolderFollower(folder, listener).begin();
}

class FolderFollower implements Follower {
  private readonly tail: EventTail;
  private watcher: FSWatcher | undefined;
  private timer: NodeJS.Timeout | undefined;
  private disposed = false;
  private looking = false;
  private again = false;
  private told = "";
  private status: RunStatus = "running";

  constructor(
    private readonly folder: string,
    private readonly listener: RunListener,
  ) {
    this.tail = new EventTail(join(folder, files.events), (message) => listener.onWarning?.(message));
  }

  begin(): this {
    try {
      this.watcher = watch(this.folder, { persistent: false }, () => this.lookSoon());
      this.watcher.on("error", () => this.watcher?.close());
    } catch {
      // Polling alone will do: not every file system can be watched.
    }
    queueMicrotask(() => {
      if (this.disposed) return;
      this.flush();
      void this.look();
    });
    return this;
  }

  flush(): void {
    if (this.disposed) return;
    const { events } = this.tail.read();
    if (events.length > 0) this.listener.onEvents(withoutSuperseded(events));
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    this.watcher?.close();
  }

  private lookSoon(): void {
    if (this.looking) this.again = true;
    else this.schedule(20);
  }

  private schedule(milliseconds: number): void {
    clearTimeout(this.timer);
    if (!this.disposed) this.timer = setTimeout(() => void this.look(), milliseconds);
  }

  private async look(): Promise<void> {
    this.looking = true;
    this.again = false;
    // Status first, events second: whatever was written before the status changed is then delivered before it is told.
    const record = await readRun(this.folder).catch(() => null);
    this.flush();
    if (record && !this.disposed) this.tell(record);
    this.looking = false;
    this.schedule(this.again ? 20 : this.status === "running" ? pollMilliseconds : restMilliseconds);
  }

  private tell(record: RunRecord): void {
    const { status, verdict } = record;
    this.status = status;
    const now = `${status} ${verdict?.verdict} ${verdict?.step}`;
    if (now === this.told) return;
    this.told = now;
    this.listener.onStatus?.(status, verdict, record);
  }
}

/** Every event of a run so far, without those that a resume took back. */
export function readEvents(folder: string, onWarning?: (message: string) => void): RunEvent[] {
  return withoutSuperseded(new EventTail(join(folder, files.events), onWarning).read().events);
}
