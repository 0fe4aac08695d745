// Registers every command behind one wrapper: trust is asked first, and a failure becomes a log entry and a short message.
import * as vscode from "vscode";
import type { Disposables } from "../disposables";
import { plain } from "../format";
import { whyReadOnly } from "../readOnly";
import type { Services } from "../services";
import { messageOf } from "../messageOf";
import type { Command } from "./command";
import { commandIds } from "./ids";

export function registerCommands<S extends Services>(
  services: S,
  own: Disposables,
  commands: readonly Command<S>[],
): void {
  for (const command of commands) {
    own.own(
      vscode.commands.registerCommand(command.id, (argument: unknown) =>
        execute(services, command, argument),
      ),
    );
  }
}

async function execute<S extends Services>(
  services: S,
  command: Command<S>,
  argument: unknown,
): Promise<void> {
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

/** In a window that only looks, whatever else Basin can do says why it cannot be done here. */
export function registerUnavailable(own: Disposables, available: readonly { readonly id: string }[]): void {
  for (const id of Object.values(commandIds))
    if (!available.some((command) => command.id === id))
      own.own(
        vscode.commands.registerCommand(id, () => {
          void vscode.window.showInformationMessage(`Basin: ${whyReadOnly}`);
        }),
      );
}
