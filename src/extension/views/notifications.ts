// Tells of a run that will meet its limit, was flagged or has ended, where the settings want it told.
import * as vscode from "vscode";
import type { RunRecord } from "../../launchers";
import type { Disposables } from "../disposables";
import { plain } from "../format";
import { homeOf } from "../../protocol/script";
import { documentPlaces } from "../language/documentPlaces";
import type { Services } from "../services";
import { told } from "../settings";
import { noticesOf, type Notice } from "../workspace/notices";

export function registerNotifications(services: Services, own: Disposables): void {
  const { runs } = services;
  let before: readonly RunRecord[] = [];
  const foretold = new Set<string>();
  own.own(
    runs.onDidChange(() => {
      const notices = noticesOf(before, runs.all, foretold);
      before = runs.all;
      const asked = notices.length > 0 ? told() : "off";
      const wanted = (notice: Notice) =>
        asked === "all" || (asked === "flagged" && notice.flagged) || (asked === "ended" && notice.ended);
      for (const notice of notices.filter(wanted)) {
        if (notice.foretells) foretold.add(notice.run.folder);
        void tell(services, notice);
      }
    }),
  );
}

async function tell({ panel }: Services, { flagged, run, text }: Notice): Promise<void> {
  const say = flagged ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
  const [open, show] = ["Open", "Show in File"];
  const answer = await say(`Basin: ${plain(text)}`, open, show);
  if (answer === open) panel.show(run.folder);
  if (answer === show) await showInFile(run);
}

/** Opens the experiment at the setting that the run is judged by, where the file still writes it. */
async function showInFile({ info }: RunRecord): Promise<void> {
  const document = await vscode.workspace.openTextDocument(vscode.Uri.file(homeOf(info)));
  const marked = documentPlaces(document)(info)?.marked;
  const start = document.positionAt(marked?.offset ?? 0);
  const selection = new vscode.Range(
    start,
    document.positionAt((marked?.offset ?? 0) + (marked?.length ?? 0)),
  );
  await vscode.window.showTextDocument(document, { selection });
}
