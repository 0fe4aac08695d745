// Follows one run's log for the panel: reads it in slices that never hold the editor up, and sends what is new when the panel has taken what came before.
import type { ToPanel } from "../../record/panelMessages";
import { RunSeries } from "../../record/runSeries";
import { SeriesSender } from "../../record/transfer";
import type { FeedLog, KnownSeries } from "../workspace/runSource";

/** Each time costs the host about five milliseconds, most of it the way to the page. */
const pollMilliseconds = 400;
/** Bytes of the log read in one go, about ten milliseconds: then the host's other work has its turn. */
const sliceBytes = 1 << 17;

export interface FeedOptions {
  /** The run's folder, which is also what the panel calls it. */
  readonly folder: string;
  readonly log: FeedLog;
  /** Whether more may still come. */
  readonly isActive: () => boolean;
  /** Whether the index of a long log may be kept beside it. */
  readonly mayWrite: () => boolean;
  readonly post: (message: ToPanel) => void;
  /** The log was replaced: everything is told anew. */
  readonly onRestart: () => void;
}

export class RunFeed {
  private series = new RunSeries();
  private sender = new SeriesSender(this.series);
  private timer: NodeJS.Timeout | undefined;
  private disposed = false;
  /** The panel has not taken the last delta yet. */
  private pending = false;
  /** What is known of the log while its curves are read, one in a slice. */
  private known: KnownSeries | null = null;
  /** The first piece is on its way: until it is drawn the processor is the panel's. */
  private first = true;
  private idle = false;
  private reading = false;

  constructor(private readonly options: FeedOptions) {}

  start(): void {
    this.known = this.options.log.begin();
    if (!this.known) return void this.step();
    this.series = this.known.series;
    this.sender = new SeriesSender(this.series, this.known.picture);
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
    if (!this.disposed) this.timer = setTimeout(() => void this.step(), 0);
  }

  private async step(): Promise<void> {
    clearTimeout(this.timer);
    if (this.disposed || this.reading) return;
    if (this.known) return this.readKnown(this.known);
    this.reading = true;
    const slice = this.options.log.read(sliceBytes);
    // What comes at once is sent at once.
    const { events, restarted, more } = slice instanceof Promise ? await slice : slice;
    this.reading = false;
    if (this.disposed) return;
    if (restarted) return this.options.onRestart();
    for (const event of events) this.series.add(event);
    const waiting = this.send();
    if (more) this.timer = setTimeout(() => void this.step(), this.first && waiting ? pollMilliseconds : 0);
    else {
      if (!this.options.isActive() && this.options.mayWrite()) void this.options.log.keep(this.series);
      this.idle = !waiting && !this.options.isActive();
      if (!this.idle) this.timer = setTimeout(() => void this.step(), pollMilliseconds);
    }
  }

  /** Nothing of the log comes before what is known of it. */
  private readKnown(known: KnownSeries): void {
    try {
      if (!known.readColumn()) this.known = null;
    } catch {
      // Damaged, or written anew meanwhile: line by line then.
      this.known = null;
      this.options.log.forget();
      this.series = new RunSeries();
      this.sender = new SeriesSender(this.series);
    }
    this.timer = setTimeout(() => void this.step(), 0);
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

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
  }
}
