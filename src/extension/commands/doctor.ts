// Basin: Doctor. What works on this machine, and how to get the rest: the command line's own inspection.
import * as vscode from "vscode";
import { runCli } from "../cliProcess";
import type { Command } from "./command";
import { commandIds } from "./ids";

export const doctor: Command = {
  id: commandIds.doctor,
  title: "Doctor",
  needs: "trust",
  run: async ({ context, reports }) => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    const cwd = folder?.uri.scheme === "file" ? folder.uri.fsPath : undefined;
    const { output, errors } = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: "Basin: examining this machine…" },
      () => runCli(context, ["doctor"], { cwd }),
    );
    await reports.show("Basin Doctor", output || errors);
  },
};
