// Basin: Get the TensorFlow Engine. Asks, then has the command line build it in a process of its own.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as vscode from "vscode";
import type { Command } from "./command";
import { commandIds } from "./ids";

const question =
  "Build the native TensorFlow engine? It downloads about 350 MB with npm and pip, compiles a binding with your C++ compiler and fills 1 GB of Basin's cache.";

export const fetchTensorflow: Command = {
  id: commandIds.fetchTensorflow,
  title: "Get the TensorFlow Engine",
  needs: "trust",
  run: async ({ context, log }) => {
    const yes = "Build";
    if ((await vscode.window.showInformationMessage(question, { modal: true }, yes)) !== yes) return;
    const progress = {
      location: vscode.ProgressLocation.Notification,
      title: "Basin: TensorFlow",
      cancellable: true,
    };
    const said = await vscode.window.withProgress(progress, (report, token) =>
      build(join(context.extensionPath, "dist", "cli.js"), token, (message) => {
        log.info(`TensorFlow: ${message}`);
        report.report({ message });
      }),
    );
    if (said === null) return;
    if (said === "") void vscode.window.showInformationMessage('Basin: use it with "engine": "tensorflow".');
    else throw new Error(said);
  },
};

/** "" when it was built, what went wrong otherwise; null when it was cancelled. */
function build(
  cli: string,
  token: vscode.CancellationToken,
  onNote: (message: string) => void,
): Promise<string | null> {
  return new Promise((done, failed) => {
    const env = { ...process.env, ELECTRON_RUN_AS_NODE: "1" };
    const child = spawn(process.execPath, [cli, "fetch", "tensorflow", "--yes", "--json"], { env });
    token.onCancellationRequested(() => child.kill("SIGTERM"));
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const message = /^\{"kind":"note","message":(".*")\}$/.exec(line)?.[1];
      if (message) onNote(JSON.parse(message) as string);
    });
    child.once("error", failed);
    child.once("close", (status) =>
      done(
        token.isCancellationRequested
          ? null
          : status === 0
            ? ""
            : errors.trim() || `It ended with status ${status}.`,
      ),
    );
  });
}
