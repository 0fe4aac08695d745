// Which run a command is meant for: the one it was called with, else the user's pick among those that fit.
import * as vscode from "vscode";
import type { RunRecord } from "../../launchers";
import { ago } from "../../util/ago";
import type { Services } from "../services";
import { iconOf } from "../views/appearance";
import { runKeyOf } from "../views/tree";
import { statusWords } from "../../types/runStatus";
import { verdictWords } from "../../types/verdictWords";

export async function pickRun(
  { runs }: Pick<Services, "runs">,
  argument: unknown,
  fits: (run: RunRecord) => boolean,
  texts: { readonly placeHolder: string; readonly none: string },
): Promise<RunRecord | undefined> {
  const key = runKeyOf(argument);
  if (key !== undefined) {
    if (!runs.byKey(key)) await runs.refresh();
    return runs.byKey(key);
  }
  await runs.refresh();
  const candidates = runs.all.filter(fits);
  if (candidates.length === 0) {
    void vscode.window.showInformationMessage(`Basin: ${texts.none}`);
    return undefined;
  }
  const items = candidates.map((run) => ({
    label: runs.nameOf(run),
    iconPath: iconOf(run),
    description: run.verdict ? verdictWords(run.verdict).short : statusWords[run.status],
    detail: `step ${run.step.toLocaleString("en-US")} · ${ago(run.info.created, Date.now())} · ${run.info.id}`,
    run,
  }));
  const picked = await vscode.window.showQuickPick(items, {
    placeHolder: texts.placeHolder,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return picked?.run;
}
