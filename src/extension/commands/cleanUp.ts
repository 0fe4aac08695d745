// Basin: Clean Up Runs. Deletes many at once, by how they ended and how long ago; never one that trains, waits or is pinned.
import * as vscode from "vscode";
import { deleteRun } from "../../launchers";
import { cleanUpChoices } from "../workspace/cleanUpChoices";
import type { Command } from "./command";
import { commandIds } from "./ids";

export const cleanUp: Command = {
  id: commandIds.cleanUp,
  title: "Clean Up Runs…",
  needs: "trust",
  run: async ({ runs, log }) => {
    await runs.refresh();
    const items = cleanUpChoices(runs.all, Date.now()).map((choice) => ({
      ...choice,
      description: `${choice.runs.length}`,
    }));
    if (items.length === 0)
      return void vscode.window.showInformationMessage(
        "Basin: there is no run to clean up: none has ended that is not pinned.",
      );
    const placeHolder = "Runs to delete";
    const picked = await vscode.window.showQuickPick(items, { placeHolder, canPickMany: true });
    const folders = [...new Set(picked?.flatMap((choice) => choice.runs.map(({ folder }) => folder)) ?? [])];
    if (folders.length === 0) return;
    const remove = "Delete";
    const text = `Delete ${folders.length} ${folders.length === 1 ? "run" : "runs"}?`;
    const detail = "Their logs, checkpoints and verdicts are removed from the disk.";
    if ((await vscode.window.showWarningMessage(text, { modal: true, detail }, remove)) !== remove) return;
    const outcomes = await Promise.allSettled(folders.map((folder) => deleteRun(folder)));
    await runs.refresh();
    const failed = outcomes.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
    log.info(`Deleted ${folders.length - failed.length} runs.`);
    // One that has been resumed in the meantime stays.
    if (failed.length > 0) throw failed[0];
  },
};
