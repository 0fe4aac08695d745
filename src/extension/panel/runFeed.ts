// Follows one run's log for the panel: reads it in slices that never hold the editor up, and sends what is new when the panel has taken what came before.
import { join } from "node:path";
import { files } from "../../protocol/runFolder";
import { openIndex, saveIndex, type SeriesIndex } from "../../record/disk/seriesIndex";
import { EventTail } from "../../record/disk/tail";
import type { ToPanel } from "../../record/panelMessages";
import { RunSeries } from "../../record/runSeries";
import { SeriesSender } from "../../record/transfer";

/** Each time costs the host about five milliseconds, most of it the way to the page. */
const pollMilliseconds = 250;
/** Bytes of the log read in one go, about ten milliseconds: then the host's other work has its turn. */
const sliceBytes = 1 << 17;

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
  /** What the index beside the log holds, in bytes of the log. */
  private indexed = 0;
  /** The panel has not taken the last delta yet. */
  private pending = false;
  /** The index beside the log while its curves are read, one in a slice. */
  private index: SeriesIndex | null = null;
  /** The first piece is on its way: until it is drawn the processor is the panel's. */
  private first = true;
  private idle = false;

  constructor(private readonly options: FeedOptions) {
    this.path = join(options.folder, files.events);
    this.tail = new EventTail(this.path);
  }

  start(): void {
    this.index = openIndex(this.path);
    if (!this.index) return this.step();
    this.series = this.index.series;
    this.sender = new SeriesSender(this.series, this.index.picture);
    this.tail.continueFrom((this.indexed = this.index.offset));
    // Its curves follow when the panel has drawn their picture.
    this.send();
  }

  /** The panel has taken what was sent. */
  received(): void {
    this.pending = false;
    if (this.idle || this.first) this.wake();
    this.first = false;
  }

  /** Something may be new: the run's status changed. */
  wake(): void {
    clearTimeout(this.timer);
    if (!this.disposed) this.timer = setTimeout(() => this.step(), 0);
  }

  private step(): void {
    if (this.disposed) return;
    if (this.index) return this.readIndex(this.index);
    const { events, restarted, more } = this.tail.read(sliceBytes);
    if (restarted) return this.options.onRestart();
    for (const event of events) this.series.add(event);
    const waiting = this.send();
    if (more) this.timer = setTimeout(() => this.step(), this.first && waiting ? pollMilliseconds : 0);
    else {
      if (!this.options.isActive()) void this.keepIndex();
      this.idle = !waiting && !this.options.isActive();
      if (!this.idle) this.timer = setTimeout(() => this.step(), pollMilliseconds);
    }
  }

  /** Nothing of the log comes before what the index holds of it. */
  private readIndex(index: SeriesIndex): void {
    try {
      if (!index.readColumn()) this.index = null;
    } catch {
      // Damaged, or written anew meanwhile: line by line then.
      [this.index, this.indexed] = [null, 0];
      this.series = new RunSeries();
      this.sender = new SeriesSender(this.series);
      this.tail.continueFrom(0);
    }
    this.timer = setTimeout(() => this.step(), 0);
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
  private async keepIndex(): Promise<void> {
    const { position } = this.tail;
    if (position === this.indexed || !this.options.mayWrite()) return;
    this.indexed = position;
    await saveIndex(this.path, this.series, position);
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
  }
}
