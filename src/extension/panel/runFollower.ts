// Tells a page of one run: what it is, its log as it grows, and what else changes of it.
import type { RunRecord } from "../../record/runRecord";
import { stringify } from "../../protocol/numbers";
import type { RunState, ToPanel } from "../../record/panelMessages";
import { isActive } from "../../types/runStatus";
import type { Runs } from "../workspace/runs";
import { mayAct } from "../readOnly";
import { RunFeed } from "./runFeed";

export class RunFollower {
  private feed: RunFeed | undefined;
  private sentState = "";

  constructor(
    private readonly runs: Runs,
    private readonly post: (message: ToPanel) => void,
  ) {}

  /**
   * Tells a run from its beginning.
   *
   * @param file  The one whose runs the page follows, as the user knows it.
   */
  follow(run: RunRecord | undefined, file?: string): void {
    this.stop();
    if (!run) return this.post({ kind: "select", run: null, file });
    const { folder, info } = run;
    const state = this.stateOf(run);
    this.sentState = stringify(state);
    this.post({ kind: "select", run: { key: folder, info, ...state }, file });
    const { runs } = this;
    this.feed = new RunFeed({
      folder,
      log: runs.source.log(folder),
      isActive: () => isActive(runs.byKey(folder)?.status ?? "died"),
      mayWrite: mayAct,
      post: this.post,
      onRestart: () => this.follow(runs.byKey(folder), file),
    });
    this.feed.start();
  }

  /** Something may have changed of the run that is followed. */
  refresh(run: RunRecord): void {
    const state = this.stateOf(run);
    const now = stringify(state);
    if (now === this.sentState) return;
    this.sentState = now;
    this.post({ kind: "status", run: run.folder, ...state });
    this.feed?.wake();
  }

  /** The page has taken what was sent of the log. */
  received(): void {
    this.feed?.received();
  }

  stop(): void {
    this.feed?.dispose();
    this.feed = undefined;
  }

  private stateOf(run: RunRecord): RunState {
    const { status, verdict, flag } = run;
    return { label: this.runs.labelOf(run), status, verdict, flag };
  }
}
