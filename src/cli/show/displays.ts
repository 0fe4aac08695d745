// How runs are shown while they train: a block redrawn on a terminal, plain lines, or one JSON object a line.
import type { RunEvent } from "../../protocol/events";
import type { RunStatus } from "../../types/runStatus";
import type { Verdict } from "../../types/verdict";
import { JsonLines } from "./jsonLines";
import { LiveBlock } from "./liveBlock";
import { PlainLines } from "./plainLines";
import type { Progress } from "./progress";
import { isTerminal } from "./text";

/** A run as displays see it; what changes is changed by whoever follows it. */
export interface Shown {
  readonly id: string;
  readonly title: string;
  readonly progress: Progress;
  status: RunStatus;
  /** Where a scheduler has it: "waits for free nodes". */
  place?: string;
  verdict: Verdict | null;
}

export interface Display {
  update(run: Shown, events: readonly RunEvent[]): void;
  /** The run has ended, and this is to be said of it. */
  ended(run: Shown, text: string): void;
  /** The runs were asked to stop and now write their verdicts. */
  stopping(): void;
  /** Removes what was only for while they trained. */
  close(): void;
}

/** Of runs that go on without anybody here. */
export const leftText = "They go on by themselves. `basin list` shows them, `basin stop all` stops them.";

export const stoppingText = "Stopping: measuring the verdict. Press Ctrl-C again to end at once.";

/** The display that fits stdout. */
export function displayFor(runs: readonly Shown[], json: boolean): Display {
  if (json) return new JsonLines(runs.length > 1);
  return isTerminal(process.stdout) ? new LiveBlock(runs) : new PlainLines(runs);
}
