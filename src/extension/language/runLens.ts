// Above an experiment: ▶ Run, and what its latest run did.
import * as vscode from "vscode";
import { commandIds } from "../commands/ids";
import type { Disposables } from "../disposables";
import { ago } from "../../util/ago";
import { verdictWords } from "../format";
import { experimentSelector, isExperimentPath } from "../ids";
import { renewTimes } from "../renewTimes";
import type { Services } from "../services";
import type { RunRecord } from "../../launchers";
import { statusWords, isActive } from "../../types/runStatus";

export function registerRunLens({ runs }: Services, own: Disposables): void {
  const changed = own.own(new vscode.EventEmitter<void>());
  own.own(runs.onDidChange(() => changed.fire()));
  const isSeen = () =>
    vscode.window.visibleTextEditors.some(
      ({ document }) => isExperimentPath(document.uri.path) && runs.of(document.uri.fsPath).length > 0,
    );
  own.own(renewTimes(isSeen, () => changed.fire()));
  const provider: vscode.CodeLensProvider = {
    onDidChangeCodeLenses: changed.event,
    provideCodeLenses: (document) => {
      const root = new RegExp(/^\s*\{/m).exec(document.getText());
      const line = root ? document.positionAt(root.index + root[0].length - 1).line : 0;
      const range = new vscode.Range(line, 0, line, 0);
      const [latest] = runs.of(document.uri.fsPath);
      return [
        new vscode.CodeLens(range, {
          title: "▶ Run",
          tooltip: "Train this experiment and watch sharpness, gradient noise and generalization live",
          command: commandIds.run,
          arguments: [document.uri],
        }),
        ...(latest ? latestLenses(range, latest, runs.labelOf(latest)) : []),
      ];
    },
  };
  own.own(vscode.languages.registerCodeLensProvider(experimentSelector, provider));
}

function latestLenses(range: vscode.Range, run: RunRecord, label: string): vscode.CodeLens[] {
  const argument = { run: run.folder };
  const open = new vscode.CodeLens(range, {
    title: describeLatest(run),
    tooltip: `Open in the panel: ${label}`,
    command: commandIds.openPanel,
    arguments: [argument],
  });
  if (!isActive(run.status)) return [open];
  const stop = { title: "Stop", command: commandIds.stop, arguments: [argument] };
  return [open, new vscode.CodeLens(range, stop)];
}

function describeLatest({ info, status, step, verdict, flag }: RunRecord): string {
  if (status === "running") return `$(sync~spin) training, step ${step}${flag ? ", beyond its limit" : ""}`;
  if (status === "queued") return "$(clock) queued";
  const icon = verdict
    ? verdict.verdict === "stable"
      ? "$(pass)"
      : verdict.verdict === "edge" || verdict.verdict === "inconclusive"
        ? "$(info)"
        : "$(warning)"
    : "$(circle-slash)";
  const words = verdict ? verdictWords[verdict.verdict] : statusWords[status];
  return `${icon} latest run: ${words}, step ${step}, ${ago(info.created, Date.now())}`;
}
