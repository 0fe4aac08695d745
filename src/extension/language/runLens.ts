// Above an experiment, and above the call that watches a script: ▶ Run, and what its latest run did.
import * as vscode from "vscode";
import { commandIds } from "../commands/ids";
import type { Disposables } from "../disposables";
import { ago } from "../../util/ago";
import { isReadOnly } from "../readOnly";
import { renewTimes } from "../renewTimes";
import { watchPlaceIn } from "../script/scriptPlaces";
import { hasSettings } from "./documentPlaces";
import { isExperiment } from "./openExperiments";
import { settingSelector } from "./selectors";
import type { Services } from "../services";
import type { RunRecord } from "../../launchers";
import { statusWords, isActive } from "../../types/runStatus";
import { forecastWords } from "../../record/edgeForecast";
import { verdictWords, type Severity } from "../../types/verdictWords";

/** VS Code asks for lenses a while after it is told that they changed, and starts that while again with each time it is told. */
const stepMilliseconds = 3000;

/** Whether a text may have a sweep: the map says where it has none. */
const hasSweep = /^\s*"sweep"\s*:/m;

export function registerRunLens({ runs }: Services, own: Disposables): void {
  const changed = own.own(new vscode.EventEmitter<void>());
  let shape = "";
  let firedAt = -Infinity;
  own.own(
    runs.onDidChange(() => {
      const now = JSON.stringify(
        runs.all.map(({ folder, status, verdict, flag }) => [
          folder,
          status,
          verdict?.verdict,
          flag !== null,
        ]),
      );
      // A step further can wait.
      if (now === shape && performance.now() - firedAt < stepMilliseconds) return;
      [shape, firedAt] = [now, performance.now()];
      changed.fire();
    }),
  );
  const isSeen = () =>
    vscode.window.visibleTextEditors.some(
      ({ document }) => hasSettings(document) && runs.of(document.uri.fsPath).length > 0,
    );
  own.own(renewTimes(isSeen, () => changed.fire()));
  const provider: vscode.CodeLensProvider = {
    onDidChangeCodeLenses: changed.event,
    provideCodeLenses: (document) => {
      const scripted = !isExperiment(document);
      const offset = scripted ? watchPlaceIn(document.getText()) : rootIn(document.getText());
      if (offset === undefined) return [];
      const { line } = document.positionAt(offset);
      const range = new vscode.Range(line, 0, line, 0);
      const [latest] = runs.of(document.uri.fsPath);
      const map = new vscode.CodeLens(range, {
        title: "$(table) Sweep Map",
        tooltip: "The points of this sweep as a map of verdicts, live",
        command: commandIds.showSweepMap,
        arguments: [document.uri],
      });
      const start = new vscode.CodeLens(range, {
        title: scripted ? "▶ Run with Basin" : "▶ Run",
        tooltip: scripted
          ? "Run this script into a run folder and watch sharpness, gradient noise and generalization live"
          : "Train this experiment and watch sharpness, gradient noise and generalization live",
        command: commandIds.run,
        arguments: [document.uri],
      });
      return [
        ...(isReadOnly() ? [] : [start]),
        ...(!isReadOnly() && !scripted && hasSweep.test(document.getText()) ? [map] : []),
        ...(latest ? latestLenses(range, latest, runs.labelOf(latest)) : []),
      ];
    },
  };
  own.own(vscode.languages.registerCodeLensProvider(settingSelector(), provider));
}

/** The brace that an experiment begins with. */
function rootIn(text: string): number {
  const root = /^\s*\{/m.exec(text);
  return root ? root.index + root[0].length - 1 : 0;
}

function latestLenses(range: vscode.Range, run: RunRecord, label: string): vscode.CodeLens[] {
  const argument = { run: run.folder };
  const open = new vscode.CodeLens(range, {
    title: describeLatest(run),
    tooltip: `Open in the panel: ${label}`,
    command: commandIds.openPanel,
    arguments: [argument],
  });
  if (!isActive(run.status) || isReadOnly()) return [open];
  const stop = { title: "Stop", command: commandIds.stop, arguments: [argument] };
  return [open, new vscode.CodeLens(range, stop)];
}

const icons: Readonly<Record<Severity, string>> = {
  good: "$(pass)",
  edge: "$(info)",
  open: "$(info)",
  warning: "$(warning)",
  bad: "$(warning)",
};

function describeLatest({ info, status, step, verdict, flag, forecast }: RunRecord): string {
  if (status === "running") {
    const ahead = flag ? ", beyond its limit" : forecast ? `, ${forecastWords(forecast)}` : "";
    return `$(sync~spin) training, step ${step}${ahead}`;
  }
  if (status === "queued") return "$(clock) queued";
  const icon = verdict ? icons[verdictWords(verdict).severity] : "$(circle-slash)";
  const words = verdict ? verdictWords(verdict).short : statusWords[status];
  return `${icon} latest run: ${words}, step ${step}, ${ago(info.created, Date.now())}`;
}
