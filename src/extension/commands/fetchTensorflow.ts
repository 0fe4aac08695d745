// Basin: Get the TensorFlow Engine. Asks, then has the command line build it in a process of its own.
import * as vscode from "vscode";
import { runCli } from "../cliProcess";
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
    const { status, errors } = await vscode.window.withProgress(progress, (report, token) => {
      const onLine = (line: string) => {
        const text = /^\{"kind":"note","message":(".*")\}$/.exec(line)?.[1];
        if (!text) return;
        const message = JSON.parse(text) as string;
        log.info(`TensorFlow: ${message}`);
        report.report({ message });
      };
      return runCli(context, ["fetch", "tensorflow", "--yes", "--json"], { token, onLine });
    });
    if (status === 0) void vscode.window.showInformationMessage('Basin: use it with "engine": "tensorflow".');
    else if (status !== null) throw new Error(errors || `It ended with status ${status}.`);
  },
};
