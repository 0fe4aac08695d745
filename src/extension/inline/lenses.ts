// Above a setting: a click that opens or closes its inline panel. Always at the learning rate; at the batch size where the noise decides.
import * as vscode from "vscode";
import type { ChartedSetting } from "../../record/settingChart";
import { commandIds } from "../commands/ids";
import type { Disposables } from "../disposables";
import { settingSelector } from "../language/selectors";
import type { Services } from "../services";
import { placesIn, type SettingPlace } from "./places";
import { isShown } from "./settings";

const titles: Readonly<Record<ChartedSetting, string>> = {
  "optimizer.learningRate": "Sharpness against its limit",
  "optimizer.batchSize": "Noise against its bound",
};

export function registerInlineLenses({ runs, clock, inline }: Services, own: Disposables): void {
  const changed = own.own(new vscode.EventEmitter<void>());
  const lensesOf = (document: vscode.TextDocument): vscode.CodeLens[] =>
    isShown("lenses")
      ? firstOnEachLine(
          placesIn(document, runs).filter(
            (place) => inline.isOpenAt(document.uri, place) || isOffered(place),
          ),
        ).map((place) => lensOf(document, place))
      : [];
  const lensOf = ({ uri }: vscode.TextDocument, place: SettingPlace): vscode.CodeLens => {
    const { line, character } = place.range.start;
    const open = inline.isOpenAt(uri, place);
    return new vscode.CodeLens(place.range, {
      title: `$(chevron-${open ? "down" : "right"}) ${titles[place.setting]}`,
      tooltip: open
        ? "Close the inline panel"
        : "Open the inline panel: chart, verdict and what can be done about it",
      command: commandIds.toggleInline,
      arguments: [{ uri: uri.toString(), setting: place.setting, line, character }],
    });
  };
  own.own(
    vscode.languages.registerCodeLensProvider(settingSelector(), {
      onDidChangeCodeLenses: changed.event,
      provideCodeLenses: lensesOf,
    }),
  );
  let before = "";
  const announce = () => {
    const now = JSON.stringify(
      vscode.window.visibleTextEditors.map(({ document }) =>
        lensesOf(document).map(({ command }) => command),
      ),
    );
    if (now === before) return;
    before = now;
    changed.fire();
  };
  clock.onChange(own, announce);
  own.own(inline.onDidToggle(announce));
}

const isOffered = ({ setting, runs: [newest] }: SettingPlace): boolean =>
  setting === "optimizer.learningRate" || newest.verdict?.verdict === "unstable-variance";

/** Of a sweep's list in one line one is enough: the panel of the first. */
const firstOnEachLine = (places: readonly SettingPlace[]): SettingPlace[] =>
  places.filter(
    ({ range, setting }, i) =>
      !places.slice(0, i).some((one) => one.range.start.line === range.start.line && one.setting === setting),
  );
