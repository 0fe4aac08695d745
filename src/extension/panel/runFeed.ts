// Follows one run's log for the panel: reads it in slices that never hold the editor up, and sends what is new when the panel has taken what came before.
import { join } from "node:path";
import { files } from "../../protocol/runFolder";
import { loadIndex, saveIndex } from "../../record/disk/seriesIndex";
import { EventTail } from "../../record/disk/tail";
import type { ToPanel } from "../../record/panelMessages";
import { RunSeries } from "../../record/runSeries";
import { SeriesSender } from "../../record/transfer";

/** A panel that is redrawn more often is no livelier. */
const pollMilliseconds = 100;
/** Bytes of the log read before the host's other work has its turn: about ten milliseconds. */
const sliceBytes = 1 << 20;

export interface FeedOptions {
  /** The run's folder, which is also what the panel calls it. */
  readonly folder: string;
  /** Whether more may still come. */
  readonly isActive: () => boolean;
  /** Whether the index of a long log may be kept beside it. */
  readonly mayWrite: () => boolean;
  readonly post: (message: ToPanel) => void;
  /** The log was replaced: everything is told anew. */
  readonly onRestart: () => void;
}

export class RunFeed {
  private readonly path: string;
  private readonly tail: EventTail;
  private series = new RunSeries();
  private sender = new SeriesSender(this.series);
  private timer: NodeJS.Timeout | undefined;
  private disposed = false;
  /** The panel has not taken the last delta yet. */
  private pending = false;
  private idle = false;

  constructor(private readonly options: FeedOptions) {
    this.path = join(options.folder, files.events);
    this.tail = new EventTail(this.path);
  }

  start(): void {
    const index = loadIndex(this.path);
    if (index) {
      this.series = index.series;
      this.sender = new SeriesSender(this.series);
      this.tail.continueFrom(index.offset);
    }
    this.step();
  }

  /** The panel has taken what was sent. */
  received(): void {
    this.pending = false;
    if (this.idle) this.wake();
  }

  /** Something may be new: the run's status changed. */
  wake(): void {
    clearTimeout(this.timer);
    if (!this.disposed) this.timer = setTimeout(() => this.step(), 0);
  }

  private step(): void {
    if (this.disposed) return;
    const { events, restarted, more } = this.tail.read(sliceBytes);
    if (restarted) return this.options.onRestart();
    for (const event of events) this.series.add(event);
    const waiting = this.send();
    if (more) this.timer = setTimeout(() => this.step(), 0);
    else {
      if (!this.options.isActive()) this.keepIndex();
      this.idle = !waiting && !this.options.isActive();
      if (!this.idle) this.timer = setTimeout(() => this.step(), pollMilliseconds);
    }
  }

  /** Returns whether something is left to send. */
  private send(): boolean {
    if (this.pending) return true;
    const delta = this.sender.next();
    if (!delta) return false;
    this.pending = true;
    this.options.post({ kind: "series", run: this.options.folder, delta });
    return true;
  }

  /** The next one to open this log need not read it line by line. */
  private keepIndex(): void {
    if (this.options.mayWrite()) saveIndex(this.path, this.series, this.tail.position);
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
  }
}
