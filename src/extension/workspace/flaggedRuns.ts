// Which experiments stand flagged: their latest judged run broke linear stability at the learning rate it used.
import * as vscode from "vscode";
import type { RunRecord } from "../../launchers";
import { flagged, type Verdict } from "../../types/verdict";
import { Disposables } from "../disposables";
import type { Runs } from "./runs";

export interface Flag {
  readonly run: RunRecord;
  readonly verdict: Verdict;
}

export class FlaggedRuns {
  private readonly own = new Disposables();
  private readonly changed = this.own.own(new vscode.EventEmitter<void>());
  readonly onDidChange = this.changed.event;

  constructor(private readonly runs: Runs) {
    this.own.own(runs.onDidChange(() => this.changed.fire()));
  }

  /** For each learning rate tried with this file the latest judged run, when that run is flagged. */
  of(file: string): Flag[] {
    return flagsOf(this.runs.of(file));
  }

  dispose(): void {
    this.own.dispose();
  }
}

/** Pure part: runs newest first in, flags out. A later run with the same learning rate overrules an earlier one. */
export function flagsOf(runs: readonly RunRecord[]): Flag[] {
  const latest = new Map<number, Flag>();
  for (const run of runs) {
    const { verdict } = run;
    if (!verdict) continue;
    const rate = verdict.settings.learningRate;
    if (!latest.has(rate)) latest.set(rate, { run, verdict });
  }
  return [...latest.values()].filter(({ verdict }) => flagged.includes(verdict.verdict));
}
