// Registers every command behind one wrapper: trust is asked first, and a failure becomes a log entry and a short message.
import * as vscode from "vscode";
import type { Disposables } from "../disposables";
import { plain } from "../format";
import type { Services } from "../services";
import { messageOf } from "../workspace/runStarter";
import type { Command } from "./command";
import { commands } from "./index";

export function registerCommands(services: Services, own: Disposables): void {
  for (const command of commands) {
    own.own(
      vscode.commands.registerCommand(command.id, (argument: unknown) =>
        execute(services, command, argument),
      ),
    );
  }
}

async function execute(services: Services, command: Command, argument: unknown): Promise<void> {
  if (command.needs === "trust" && !vscode.workspace.isTrusted) {
    const manage = "Manage Trust";
    const text = `${command.title}: an untrusted workspace can be looked at; nothing in it is run, stopped, deleted or written.`;
    const answer = await vscode.window.showWarningMessage(text, manage);
    if (answer === manage) await vscode.commands.executeCommand("workbench.trust.manage");
    return;
  }
  try {
    await command.run(services, argument);
  } catch (error) {
    services.log.error(
      `${command.title}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    const show = "Show Log";
    const answer = await vscode.window.showErrorMessage(`Basin: ${plain(messageOf(error))}`, show);
    if (answer === show) services.log.show();
  }
}
