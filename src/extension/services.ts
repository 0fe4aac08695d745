// What every part of the extension works with: built once, passed as one object.
import type * as vscode from "vscode";
import type { Disposables } from "./disposables";
import { ActiveFile } from "./workspace/activeFile";
import { Experiments } from "./workspace/experiments";
import { FlaggedRuns } from "./workspace/flaggedRuns";
import { InlinePanels } from "./inline/inlinePanels";
import { Reports } from "./reports";
import { RunCurves } from "./inline/runCurves";
import { RunStarter } from "./workspace/runStarter";
import { Runs } from "./workspace/runs";
import { PanelHost } from "./panel/panelHost";

export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly experiments: Experiments;
  readonly runs: Runs;
  readonly activeFile: ActiveFile;
  readonly flagged: FlaggedRuns;
  readonly starter: RunStarter;
  readonly panel: PanelHost;
  readonly curves: RunCurves;
  readonly inline: InlinePanels;
  readonly reports: Reports;
  /** Looks at the workspace for the first time; after activation, so that activating costs nothing. */
  start(): void;
}

export function createServices(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  own: Disposables,
): Services {
  const experiments = own.own(new Experiments());
  const runs = own.own(new Runs(experiments, log));
  const activeFile = own.own(new ActiveFile());
  const flagged = own.own(new FlaggedRuns(runs));
  const starter = own.own(new RunStarter(context, runs, log));
  const panel = own.own(new PanelHost({ context, runs, starter, log }));
  const curves = new RunCurves();
  const inline = own.own(new InlinePanels(context, runs, curves));
  const reports = own.own(new Reports());
  const start = () => void experiments.refresh().then(() => runs.refresh());
  return {
    context,
    log,
    experiments,
    runs,
    activeFile,
    flagged,
    starter,
    panel,
    curves,
    inline,
    reports,
    start,
  };
}
