// The status bar item: there while something trains, with step and loss; a click opens the panel.
import * as vscode from "vscode";
import { commandIds } from "../commands/ids";
import type { Disposables } from "../disposables";
import { plain, shortNumber } from "../format";
import type { Services } from "../services";
import { unlimitedSteps } from "../../types/unlimitedSteps";

export function registerStatusBar({ runs }: Services, own: Disposables): void {
  const item = own.own(
    vscode.window.createStatusBarItem("basin.running", vscode.StatusBarAlignment.Left, 10),
  );
  item.name = "Basin runs";
  const update = () => {
    const running = runs.running;
    if (running.length === 0) return item.hide();
    const [first] = running;
    const { name, stop } = first.info.experiment;
    const share =
      stop.steps < unlimitedSteps
        ? ` ${Math.floor((100 * first.step) / stop.steps)} %`
        : ` step ${first.step}`;
    const others = running.length > 1 ? ` +${running.length - 1}` : "";
    const loss = first.last?.["loss.train"];
    item.text = `$(sync~spin) ${plain(name)}${share}${others}`;
    item.tooltip = `Basin is training ${name}: step ${first.step}${typeof loss === "number" ? `, loss ${shortNumber(loss)}` : ""}. Click to watch.`;
    item.command = {
      title: "Open Panel",
      command: commandIds.openPanel,
      arguments: [{ run: first.folder }],
    };
    item.show();
  };
  own.own(runs.onDidChange(update));
}
