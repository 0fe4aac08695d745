// The best reading of each metric of runs that have ended: reads every log once, a slice at a time, and only while somebody asks.
import { RunSeries } from "../../record/runSeries";
import type { RunRecord } from "../../record/runRecord";
import { summaryOf } from "../../record/summary";
import { isActive } from "../../types/runStatus";
import type { RunSource } from "../workspace/runSource";

type Best = Readonly<Record<string, number>>;

/** Bytes of a log read in one go, about ten milliseconds; the pause after it leaves most of the host's time to others. */
const sliceBytes = 1 << 17;
const pauseMilliseconds = 25;
/** Points kept of each curve while a log is read: thinning keeps the lowest and the highest. */
const points = 64;
/** News are told this often while many logs are read. */
const tellMilliseconds = 500;

export class BestReadings {
  /** By folder, with the step the run had reached. */
  private readonly known = new Map<string, { readonly step: number; readonly best: Best }>();
  private wanted: readonly RunRecord[] = [];
  private reading = false;
  private disposed = false;
  private toldAt = 0;

  constructor(
    private readonly source: Pick<RunSource, "log">,
    private readonly onNews: () => void,
  ) {}

  of({ folder }: RunRecord): Best {
    return this.known.get(folder)?.best ?? {};
  }

  /** Reads what is not known yet of these, the first ones first. */
  want(runs: readonly RunRecord[]): void {
    this.wanted = runs;
    // Whoever hears the news asks again: with nothing left to read that ends there.
    if (!this.reading && this.next()) void this.read();
  }

  private async read(): Promise<void> {
    this.reading = true;
    for (let run = this.next(); run && !this.disposed; run = this.next()) {
      // A log that cannot be read has no best.
      const best = await this.bestOf(run).catch(() => ({}));
      this.known.set(run.folder, { step: run.step, best });
      if (performance.now() - this.toldAt > tellMilliseconds) this.tell();
    }
    this.reading = false;
    if (!this.disposed) this.tell();
  }

  private next(): RunRecord | undefined {
    return this.wanted.find(
      ({ folder, status, step }) => !isActive(status) && this.known.get(folder)?.step !== step,
    );
  }

  private tell(): void {
    this.toldAt = performance.now();
    this.onNews();
  }

  private async bestOf({ folder, info, verdict }: RunRecord): Promise<Best> {
    const log = this.source.log(folder);
    const series = new RunSeries(points, true);
    for (let more = true; more && !this.disposed;) {
      const slice = await log.read(sliceBytes);
      for (const event of slice.events) series.add(event);
      more = slice.more;
      await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds));
    }
    const all = summaryOf({ info, verdict, series });
    return Object.fromEntries([...all].flatMap(([name, { best }]) => (best === null ? [] : [[name, best]])));
  }

  dispose(): void {
    this.disposed = true;
  }
}
