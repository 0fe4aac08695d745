// The curves of the runs that stand in open files: read when a picture asks for them; of many the longest unasked go.
import type { RunRecord } from "../../record/runRecord";
import type { RunView } from "../../record/runView";
import type { Curves } from "../workspace/runSource";
import type { Runs } from "../workspace/runs";

/** Runs whose curves are kept: more than fit on a screen. */
const mostRuns = 24;

interface Kept {
  readonly reader: Curves;
  readonly view: RunView;
  /** What the list said of the run when it was read: until it says something else nothing new is there. */
  readonly run: RunRecord;
}

export class RunCurves {
  /** Oldest first. */
  private readonly kept = new Map<string, Kept>();

  constructor(private readonly runs: Runs) {}

  /** The run with its curves as far as they are known; no older than what the list says of it. */
  of(run: RunRecord): RunView | null {
    const { folder, verdict, info } = run;
    const known = this.kept.get(folder);
    const reader = known?.reader ?? this.runs.source.curves(folder);
    if (known?.run !== run) {
      try {
        const reading = reader.read();
        // Until they have come there is nothing to draw, or what was known before.
        if (reading instanceof Promise)
          void reading.then(() => this.runs.announce()).catch(() => this.kept.delete(folder));
      } catch {
        this.kept.delete(folder);
        return null;
      }
    }
    const view =
      known && known.view.series === reader.series && known.view.verdict === verdict
        ? known.view
        : { info, verdict, series: reader.series };
    this.kept.delete(folder);
    this.kept.set(folder, { reader, view, run });
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= mostRuns) break;
      this.kept.delete(oldest);
    }
    return view;
  }
}
