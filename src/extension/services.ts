// What every part of the extension works with: built once, passed as one object.
import type * as vscode from "vscode";
import type { Disposables } from "./disposables";
import { CompareHost } from "./compare/compareHost";
import { Comparison } from "./workspace/comparison";
import { ActiveFile } from "./workspace/activeFile";
import { Experiments } from "./workspace/experiments";
import { FlaggedRuns } from "./workspace/flaggedRuns";
import { InlinePanels } from "./inline/inlinePanels";
import { InlineClock } from "./inline/inlineClock";
import type { SweepMaps } from "./sweepMap/sweepMaps";
import { Reports } from "./reports";
import { RunCurves } from "./inline/runCurves";
import type { RunSource } from "./workspace/runSource";
import type { RunStarter } from "./workspace/runStarter";
import { Runs } from "./workspace/runs";
import { PanelHost } from "./panel/panelHost";

/** What looks at experiments and runs, in every window. */
export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly experiments: Experiments;
  readonly runs: Runs;
  readonly activeFile: ActiveFile;
  readonly flagged: FlaggedRuns;
  readonly comparison: Comparison;
  readonly compare: CompareHost;
  readonly panel: PanelHost;
  readonly curves: RunCurves;
  readonly clock: InlineClock;
  readonly inline: InlinePanels;
  readonly reports: Reports;
  /** Starts and stops runs; absent where there are no processes. */
  readonly starter: RunStarter | undefined;
  /** Looks at the workspace for the first time; after activation, so that activating costs nothing. */
  start(): void;
}

/** Where there are processes and a disk. */
export interface TrainingServices extends Services {
  readonly starter: RunStarter;
  readonly sweepMaps: SweepMaps;
}

/** @param makeStarter  Makes what starts and stops runs; without it nothing does. */
export function createServices<S extends RunStarter | undefined>(
  { context, log, source }: { readonly source: RunSource } & Pick<Services, "context" | "log">,
  own: Disposables,
  makeStarter: (runs: Runs) => S,
): Services & { readonly starter: S } {
  const experiments = own.own(new Experiments());
  const runs = own.own(new Runs(experiments, source, log));
  const activeFile = own.own(new ActiveFile(runs));
  const flagged = own.own(new FlaggedRuns(runs));
  const comparison = own.own(new Comparison(context, runs));
  const compare = own.own(new CompareHost({ context, runs, comparison, log }));
  const starter = makeStarter(runs);
  if (starter) own.own(starter);
  const panel = own.own(new PanelHost({ context, runs, starter, log }));
  const curves = new RunCurves(runs);
  const clock = own.own(new InlineClock(runs));
  const inline = own.own(new InlinePanels(context, runs, { curves, clock }));
  const reports = own.own(new Reports());
  const start = () => void experiments.refresh().then(() => runs.refresh());
  return {
    context,
    log,
    experiments,
    runs,
    activeFile,
    flagged,
    comparison,
    compare,
    starter,
    panel,
    curves,
    clock,
    inline,
    reports,
    start,
  };
}
