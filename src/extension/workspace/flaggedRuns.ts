// Which runs stand flagged: of those with the same settings the latest, judged to break linear stability or, while it trains, beyond its limit for a while.
import * as vscode from "vscode";
import type { RunRecord } from "../../launchers";
import type { ProvisionalFlag } from "../../record/provisionalFlag";
import { flagged, type Verdict } from "../../types/verdict";
import { Disposables } from "../disposables";
import type { Runs } from "./runs";

export type Flag =
  | { readonly kind: "verdict"; readonly run: RunRecord; readonly verdict: Verdict }
  | { readonly kind: "provisional"; readonly run: RunRecord; readonly flag: ProvisionalFlag };

export class FlaggedRuns {
  private readonly own = new Disposables();
  private readonly changed = this.own.own(new vscode.EventEmitter<void>());
  readonly onDidChange = this.changed.event;
  private before = "";

  constructor(private readonly runs: Runs) {
    this.own.own(
      runs.onDidChange(() => {
        // A step further is no news to a flag.
        const now = JSON.stringify(flagsOf(runs.all).map(keyOf));
        if (now === this.before) return;
        this.before = now;
        this.changed.fire();
      }),
    );
  }

  /** For each combination of settings tried with this file the latest run, when that is flagged. */
  of(file: string): Flag[] {
    return flagsOf(this.runs.of(file));
  }

  /** The newest run tried with this file that says anything of its settings. */
  latestJudged(file: string): RunRecord | undefined {
    return this.runs.of(file).find((run) => flagOf(run) !== undefined);
  }

  dispose(): void {
    this.own.dispose();
  }
}

const keyOf = (flag: Flag): unknown[] =>
  flag.kind === "verdict"
    ? [flag.run.folder, flag.verdict.verdict, flag.verdict.step]
    : [flag.run.folder, flag.flag.since, flag.flag.limit];

/** Pure part: runs newest first in, flags out. A later run with the same settings overrules an earlier one. */
function flagsOf(runs: readonly RunRecord[]): Flag[] {
  const latest = new Map<string, Flag | null>();
  for (const run of runs) {
    const flag = flagOf(run);
    if (flag === undefined) continue;
    const { learningRate, batchSize } = run.info.experiment.optimizer;
    const overrides = Object.entries(run.info.overrides).sort(([a], [b]) => (a < b ? -1 : 1));
    const settings = JSON.stringify([run.info.file, learningRate, batchSize, overrides]);
    if (!latest.has(settings)) latest.set(settings, flag);
  }
  return [...latest.values()].filter((flag) => flag !== null);
}

/** Null for a run that stands unflagged, undefined for one that says nothing yet. */
function flagOf(run: RunRecord): Flag | null | undefined {
  const { verdict, flag } = run;
  if (verdict) return flagged.includes(verdict.verdict) ? { kind: "verdict", run, verdict } : null;
  return flag ? { kind: "provisional", run, flag } : undefined;
}
