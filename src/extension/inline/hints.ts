// Inlay hints: behind a learning rate or batch size what its runs found of it, behind each value of a sweep its verdict. A click opens the inline panel.
import * as vscode from "vscode";
import { commandIds } from "../commands/ids";
import type { Disposables } from "../disposables";
import { shortNumber } from "../format";
import { settingSelector } from "../language/selectors";
import type { Services } from "../services";
import { placesIn, type SettingPlace } from "./places";
import { isShown } from "./settings";
import { limitWords, marksOf, settingNames } from "./words";

export function registerHints({ runs, clock }: Services, own: Disposables): void {
  const changed = own.own(new vscode.EventEmitter<void>());
  let before = "";
  const provider: vscode.InlayHintsProvider = {
    onDidChangeInlayHints: changed.event,
    provideInlayHints: (document, range) =>
      isShown("hints")
        ? placesIn(document, runs)
            .filter((place) => range.intersection(place.range))
            .flatMap((place) => hintOf(document, place))
        : [],
  };
  own.own(vscode.languages.registerInlayHintsProvider(settingSelector(), provider));
  clock.onChange(own, () => {
    // A step further changes no hint: what they say is compared, not that something moved.
    const now = JSON.stringify([
      isShown("hints"),
      vscode.window.visibleTextEditors.map(({ document }) => placesIn(document, runs).map(textOf)),
    ]);
    if (now === before) return;
    before = now;
    changed.fire();
  });
}

function textOf({ setting, runs, swept, isValue }: SettingPlace): string {
  if (swept) return marksOf(runs);
  const words = limitWords(runs[0], setting);
  // A value that stands elsewhere is said with it.
  const value = isValue ? "" : `η ${shortNumber(runs[0].info.experiment.optimizer.learningRate)}, `;
  return words === "" ? "" : `⟨${value}${words}⟩`;
}

function hintOf(document: vscode.TextDocument, place: SettingPlace): vscode.InlayHint[] {
  const text = textOf(place);
  if (text === "") return [];
  const part = new vscode.InlayHintLabelPart(text);
  part.tooltip = `${settingNames[place.setting]}: ${place.runs.length === 1 ? "one run" : `${place.runs.length} runs`} with this value. Click for the inline panel.`;
  part.command = {
    title: "Show Inline Panel",
    command: commandIds.toggleInline,
    arguments: [
      {
        uri: document.uri.toString(),
        setting: place.setting,
        line: place.range.start.line,
        character: place.range.start.character,
      },
    ],
  };
  const { range, isValue } = place;
  // Within a call's name it would part the name from its bracket.
  const at = isValue ? range.end : document.lineAt(range.end.line).range.end;
  const hint = new vscode.InlayHint(at, [part]);
  hint.paddingLeft = true;
  return [hint];
}
