// A run's log as it grows, and beside it what was judged of the run: two files with a writer each, one stream of events.
import { join } from "node:path";
import type { RunEvent } from "../../protocol/events";
import { files } from "../../protocol/runFolder";
import { isJudgement } from "../judgements";
import type { TailSlice } from "../tailSlice";
import { EventTail } from "./tail";

export class RunTail {
  private readonly log: EventTail;
  private readonly judged: EventTail;

  constructor(folder: string) {
    this.log = new EventTail(join(folder, files.events));
    this.judged = new EventTail(join(folder, files.judgements));
  }

  get damagedLines(): number {
    return this.log.damagedLines + this.judged.damagedLines;
  }

  /** What stands in the log's place where it is none. */
  get obstacle(): string | null {
    return this.log.obstacle;
  }

  /** Of the log: bytes of the whole lines read so far. */
  get position(): number {
    return this.log.position;
  }

  startAt(offset: number): void {
    this.log.startAt(offset);
  }

  continueFrom(offset: number): void {
    this.log.continueFrom(offset);
  }

  /**
   * As `EventTail.read`. Judgements come behind all that the log says: a resume's header takes back none of them. Where one of both files
   * was replaced, both are told anew, for who reads them forgets all that was told.
   */
  read(most = Infinity, latestOnly = false): TailSlice {
    const slice = this.log.read(most, latestOnly);
    if (slice.restarted) this.judged.restart();
    if (slice.more) return slice;
    const judged = this.judged.read();
    if (judged.restarted) {
      this.log.restart();
      this.judged.restart();
      return { ...this.read(most), restarted: true };
    }
    const events: RunEvent[] = judged.events.filter(isJudgement);
    return { ...slice, events: events.length > 0 ? [...slice.events, ...events] : slice.events };
  }
}
