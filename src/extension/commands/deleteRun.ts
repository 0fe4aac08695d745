// Basin: Delete Run. Asks first: a run folder holds checkpoints that nothing can bring back.
import * as vscode from "vscode";
import { deleteRun as removeRun, type RunRecord } from "../../launchers";
import { plain } from "../format";
import { runKeysOf } from "../runsOf";
import type { Command } from "./command";
import { commandIds } from "./ids";
import { pickRun } from "./pickRun";

export const deleteRun: Command = {
  id: commandIds.deleteRun,
  title: "Delete Run",
  needs: "trust",
  run: async (services, argument) => {
    const { runs } = services;
    const keys = runKeysOf(argument);
    const texts = { placeHolder: "Run to delete", none: "there is no run to delete." };
    const named = keys.length === 1 ? { run: keys[0] } : undefined;
    const one =
      keys.length > 1
        ? undefined
        : await pickRun(services, named, ({ status }) => status !== "running", texts);
    const chosen = one ? [one] : keys.flatMap((key) => runs.byKey(key) ?? []);
    if (chosen.length === 0) return;
    if (chosen.some(({ status }) => status === "running"))
      throw new Error("A run that trains cannot be deleted; stop it first.");
    const remove = "Delete";
    const question = one ? `Delete the run ${plain(runs.nameOf(one))}?` : `Delete ${chosen.length} runs?`;
    const answer = await vscode.window.showWarningMessage(
      question,
      { modal: true, detail: detailOf(chosen) },
      remove,
    );
    if (answer !== remove) return;
    for (const { folder } of chosen) await removeRun(folder);
    await runs.refresh();
  },
};

/** Ids that a question still names. */
const mostNamed = 8;

function detailOf(runs: readonly RunRecord[]): string {
  const pinned = runs.filter(({ note }) => note.pinned).length;
  const ids = runs.slice(0, mostNamed).map(({ info }) => info.id);
  const more = runs.length > mostNamed ? ` and ${runs.length - mostNamed} more` : "";
  const [its, said] = runs.length === 1 ? ["Its", "It is pinned. "] : ["Their", `${pinned} of them pinned. `];
  return `${pinned > 0 ? said : ""}${its} log, checkpoints and verdict are removed from the disk: ${ids.join(", ")}${more}.`;
}
