// A run's log and what was judged of it as one stream of events, where files come only whole; as `disk/runTail.ts`.
import { files as names } from "../../protocol/runFolder";
import { isJudgement } from "../judgements";
import type { TailSlice } from "../tailSlice";
import type { Files } from "./files";
import { VirtualTail } from "./tail";

export class VirtualRunTail {
  private readonly log: VirtualTail;
  private readonly judged: VirtualTail;

  constructor(files: Files, folder: string) {
    this.log = new VirtualTail(files, files.within(folder, names.events));
    this.judged = new VirtualTail(files, files.within(folder, names.judgements));
  }

  /** Lines that were no events. */
  get damagedLines(): number {
    return this.log.damagedLines + this.judged.damagedLines;
  }

  /** What stands in the log's place where it is none, or why it is not read. */
  get obstacle(): string | null {
    return this.log.obstacle;
  }

  async read(most = Infinity): Promise<TailSlice> {
    const slice = await this.log.read(most);
    if (slice.restarted) this.judged.restart();
    if (slice.more) return slice;
    const judged = await this.judged.read();
    if (judged.restarted) {
      this.log.restart();
      this.judged.restart();
      return { ...(await this.read(most)), restarted: true };
    }
    return { ...slice, events: [...slice.events, ...judged.events.filter(isJudgement)] };
  }
}
