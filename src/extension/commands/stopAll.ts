// Basin: Stop All Runs. Everything that trains or waits in this workspace; what trains still writes its verdict.
import * as vscode from "vscode";
import { isActive } from "../../types/runStatus";
import type { Command } from "./command";
import { commandIds } from "./ids";

export const stopAll: Command = {
  id: commandIds.stopAll,
  title: "Stop All Runs",
  needs: "trust",
  run: async ({ runs, starter }) => {
    await runs.refresh();
    const count = runs.all.filter(({ status }) => isActive(status)).length;
    if (count === 0) return void vscode.window.showInformationMessage("Basin: nothing trains or waits.");
    await starter.stopAll();
  },
};
