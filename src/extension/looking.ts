// Basin where it only looks: recorded runs in the tree, the panel and the file. Nothing here starts, stops or writes.
import type * as vscode from "vscode";
import { window } from "vscode";
import { registerCommands, registerUnavailable } from "./commands/register";
import { lookingCommands } from "./commands/looking";
import { registerNoDashboard } from "./dashboard/unavailable";
import { registerCompare } from "./compare/register";
import { Disposables } from "./disposables";
import { registerInline } from "./inline/register";
import { registerFlaggedDiagnostics } from "./language/flaggedDiagnostics";
import { registerRunLens } from "./language/runLens";
import { registerPanel } from "./panel/register";
import { announceReadOnly } from "./readOnly";
import { createServices } from "./services";
import { registerCurrentRun } from "./views/currentRun";
import { registerRunsTable } from "./views/runsTable";
import { registerTree } from "./views/tree";
import { VirtualSource } from "./virtual/virtualSource";

export function activateLooking(context: vscode.ExtensionContext): void {
  const own = new Disposables();
  context.subscriptions.push(own);
  void announceReadOnly();
  const log = own.own(window.createOutputChannel("Basin", { log: true }));
  const source = new VirtualSource(log);
  const services = createServices({ context, log, source }, own, () => undefined);
  registerCommands(services, own, lookingCommands);
  registerUnavailable(own, lookingCommands);
  registerTree(services, own);
  registerInline(services, own);
  registerFlaggedDiagnostics(services, own);
  registerRunLens(services, own);
  registerPanel(services, own);
  registerCurrentRun(services, own);
  registerRunsTable(services, own);
  registerCompare(services, own);
  registerNoDashboard(own);
  log.info("Activated to look at recorded runs: this window has no disk and no processes.");
  services.start();
}
