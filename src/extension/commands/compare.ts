// Basin: Compare Runs. Draws runs over one another: those it was called with beside those ticked so far, or from the palette those that are ticked in a list.
import * as vscode from "vscode";
import { mostCompared } from "../../record/runSlots";
import { ago } from "../../util/ago";
import { plain } from "../format";
import { runKeysOf } from "../runsOf";
import type { Services } from "../services";
import { statusWords } from "../../types/runStatus";
import { iconOf } from "../views/appearance";
import type { Command } from "./command";
import { commandIds } from "./ids";
import { verdictWords } from "../../types/verdictWords";

export const compare: Command<Services> = {
  id: commandIds.compare,
  title: "Compare Runs",
  run: async (services, argument) => {
    const { comparison, compare: page } = services;
    const keys = runKeysOf(argument);
    if (keys.length > 0) comparison.tick(keys, true);
    else if (!(await pickSeveral(services))) return;
    const beyond = comparison.all.filter(([, slot]) => slot === null).length;
    if (beyond > 0)
      void vscode.window.showInformationMessage(
        `Basin: ${mostCompared} runs are drawn over one another; ${beyond} more are ticked and wait for a colour.`,
      );
    page.show();
  },
};

/** @returns whether some are ticked. */
async function pickSeveral({ runs, comparison }: Services): Promise<boolean> {
  await runs.refresh();
  if (runs.all.length === 0) {
    void vscode.window.showInformationMessage("Basin: there is no run to compare.");
    return false;
  }
  const ticked = new Set(comparison.all.map(([run]) => run));
  const items = runs.all.map((run) => ({
    label: plain(runs.nameOf(run)),
    iconPath: iconOf(run),
    description: run.verdict ? verdictWords(run.verdict).short : statusWords[run.status],
    detail: `step ${run.step.toLocaleString("en-US")} · ${ago(run.info.created, Date.now())} · ${run.info.id}`,
    picked: ticked.has(run.folder),
    run,
  }));
  const picked = await vscode.window.showQuickPick(items, {
    canPickMany: true,
    placeHolder: `Runs to draw over one another, at most ${mostCompared}`,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (!picked || picked.length === 0) return false;
  const chosen = picked.map(({ run }) => run.folder);
  // Those ticked before keep their order, and with it their colours.
  const kept = [...ticked].filter((run) => chosen.includes(run));
  comparison.set([...new Set([...kept, ...chosen])]);
  return true;
}
