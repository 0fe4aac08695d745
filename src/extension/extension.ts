// Entry of the extension host. Reads like a table of contents: everything heavy loads on first use.
import * as vscode from "vscode";
import { commands } from "./commands/index";
import { registerCommands } from "./commands/register";
import { Dashboards } from "./dashboard/dashboards";
import { diskSource } from "./disk/diskSource";
import { LookedDirs } from "./disk/lookedDirs";
import { registerCompare } from "./compare/register";
import { Disposables } from "./disposables";
import { registerInline } from "./inline/register";
import { registerLanguage } from "./language/register";
import { activateLooking } from "./looking";
import { registerPanel, showStartedRuns } from "./panel/register";
import { isReadOnly } from "./readOnly";
import { createServices } from "./services";
import { NotebookRuns } from "./notebook/notebookRuns";
import { registerMcp } from "./mcp";
import { registerNotifications } from "./views/notifications";
import { SweepMaps } from "./sweepMap/sweepMaps";
import { registerTasks } from "./tasks";
import { registerCurrentRun } from "./views/currentRun";
import { registerStatusBar } from "./views/statusBar";
import { registerRunsTable } from "./views/runsTable";
import { registerTree } from "./views/tree";
import { RunStarter } from "./workspace/runStarter";

export function activate(context: vscode.ExtensionContext): void {
  if (isReadOnly()) return activateLooking(context);
  const started = performance.now();
  const own = new Disposables();
  context.subscriptions.push(own);
  const log = own.own(vscode.window.createOutputChannel("Basin", { log: true }));
  const looked = new LookedDirs();
  const base = createServices(
    { context, log, source: diskSource(looked) },
    own,
    (runs) => new RunStarter(context, runs, log),
  );
  const services = { ...base, sweepMaps: own.own(new SweepMaps(base)) };
  registerCommands(services, own, commands);
  registerTree(services, own);
  registerStatusBar(services, own);
  registerNotifications(services, own);
  registerLanguage(services, own);
  registerInline(services, own);
  registerPanel(services, own);
  showStartedRuns(services, [own.own(new Dashboards(services)), services.sweepMaps], own);
  own.own(new NotebookRuns(services, looked));
  registerTasks(services, own);
  registerMcp(services, own);
  registerCurrentRun(services, own);
  registerRunsTable(services, own);
  registerCompare(services, own);
  log.info(`Activated in ${(performance.now() - started).toFixed(1)} ms.`);
  services.start();
}
