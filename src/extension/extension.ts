// Entry of the extension host. Reads like a table of contents: everything heavy loads on first use.
import * as vscode from "vscode";
import { registerCommands } from "./commands/register";
import { Disposables } from "./disposables";
import { registerInline } from "./inline/register";
import { registerLanguage } from "./language/register";
import { registerPanel } from "./panel/register";
import { createServices } from "./services";
import { registerNotifications } from "./views/notifications";
import { registerTasks } from "./tasks";
import { registerCurrentRun } from "./views/currentRun";
import { registerStatusBar } from "./views/statusBar";
import { registerTree } from "./views/tree";

export function activate(context: vscode.ExtensionContext): void {
  const started = performance.now();
  const own = new Disposables();
  context.subscriptions.push(own);
  const log = own.own(vscode.window.createOutputChannel("Basin", { log: true }));
  const services = createServices(context, log, own);
  registerCommands(services, own);
  registerTree(services, own);
  registerStatusBar(services, own);
  registerNotifications(services, own);
  registerLanguage(services, own);
  registerInline(services, own);
  registerPanel(services, own);
  registerTasks(services, own);
  registerCurrentRun(services, own);
  log.info(`Activated in ${(performance.now() - started).toFixed(1)} ms.`);
  services.start();
}
