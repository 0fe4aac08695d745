// Basin: Delete Run. Asks first: a run folder holds checkpoints that nothing can bring back.
import * as vscode from "vscode";
import { deleteRun as removeRun } from "../../launchers";
import { plain } from "../format";
import type { Command } from "./command";
import { commandIds } from "./ids";
import { pickRun } from "./pickRun";

export const deleteRun: Command = {
  id: commandIds.deleteRun,
  title: "Delete Run",
  needs: "trust",
  run: async (services, argument) => {
    const texts = { placeHolder: "Run to delete", none: "there is no run to delete." };
    const run = await pickRun(services, argument, ({ status }) => status !== "running", texts);
    if (!run) return;
    if (run.status === "running") throw new Error("A run that trains cannot be deleted; stop it first.");
    const remove = "Delete";
    const pinned = run.pinned ? "It is pinned. " : "";
    const detail = `${pinned}Its log, checkpoints and verdict are removed from the disk: ${run.info.id}.`;
    const answer = await vscode.window.showWarningMessage(
      `Delete the run ${plain(services.runs.nameOf(run))}?`,
      { modal: true, detail },
      remove,
    );
    if (answer !== remove) return;
    await removeRun(run.folder);
    await services.runs.refresh();
  },
};
