// Follows one run for the panel: everything so far as one snapshot, then each batch of events as it reaches the disk.
import { followRun, type RunRecord } from "../../launchers";
import type { RunEvent } from "../../protocol/events";
import type { RunSnapshot, ToPanel } from "../../protocol/panel";
import type { RunStatus } from "../../types/runStatus";
import type { Verdict } from "../../types/verdict";
import { Disposables } from "../disposables";

export class RunFeed {
  private readonly own = new Disposables();
  private closed = false;
  private sent = false;
  private readonly before: RunEvent[] = [];

  constructor(private readonly run: RunRecord) {}

  async start(snapshot: (selected: RunSnapshot) => void, delta: (message: ToPanel) => void): Promise<void> {
    const { folder, info } = this.run;
    let status: RunStatus = this.run.status;
    let verdict: Verdict | null = this.run.verdict;
    this.own.own(
      followRun(folder, {
        onEvents: (events) => {
          if (this.closed) return;
          if (this.sent) delta({ kind: "events", run: info.id, events });
          else this.before.push(...events);
        },
        onStatus: (now, judged) => {
          status = now;
          verdict = judged;
          if (this.sent && !this.closed) delta({ kind: "status", run: info.id, status, verdict });
        },
      }),
    );
    // The follower replays the log first: what it has read by the next turn goes out as one snapshot.
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (this.closed) return;
    this.sent = true;
    snapshot({ info, status, verdict, events: this.before.splice(0) });
  }

  dispose(): void {
    this.closed = true;
    this.own.dispose();
  }
}
