// The curves of the runs that stand in open files: read when a picture asks for them; of many the longest unasked go.
import type { RunRecord } from "../../record/runRecord";
import type { RunView } from "../../record/runView";
import { isActive } from "../../types/runStatus";
import type { Curves } from "../workspace/runSource";
import type { Runs } from "../workspace/runs";

/** Runs whose curves are kept: more than fit on a screen. */
const mostRuns = 24;
/** A run that trains is read this often at the most, in milliseconds. */
const freshFor = 900;

interface Kept {
  readonly reader: Curves;
  view: RunView;
  readAt: number;
  /** Its status when it was read: what has ended is not read again. */
  status: RunRecord["status"];
}

export class RunCurves {
  /** Oldest first. */
  private readonly kept = new Map<string, Kept>();

  constructor(private readonly runs: Runs) {}

  /** The run with its curves as far as they are known; at most a second old. */
  of({ folder, status, verdict, info }: RunRecord): RunView | null {
    const known = this.kept.get(folder);
    const old =
      !known || known.status !== status || (isActive(status) && performance.now() - known.readAt > freshFor);
    const reader = known?.reader ?? this.runs.source.curves(folder);
    if (old) {
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
    this.kept.set(folder, { reader, view, readAt: old ? performance.now() : known.readAt, status });
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= mostRuns) break;
      this.kept.delete(oldest);
    }
    return view;
  }
}
