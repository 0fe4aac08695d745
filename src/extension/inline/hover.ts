// Hovering over a setting: the curve as a picture, the numbers with their error bars, and what can be done about it.
import * as vscode from "vscode";
import { commandIds } from "../commands/ids";
import type { Disposables } from "../disposables";
import { settingSelector } from "../language/selectors";
import type { Services } from "../services";
import {
  charts,
  commandLink,
  headline,
  links,
  markdown,
  numbers,
  plain,
  useLink,
  type Shown,
} from "./content";
import { placesIn } from "./places";
import { isShown } from "./settings";
import { marksOf, settingNames } from "./words";

export function registerHover({ runs, curves }: Services, own: Disposables): void {
  const provider: vscode.HoverProvider = {
    provideHover: (document, position) => {
      const place = isShown("hovers")
        ? placesIn(document, runs).find(({ range }) => range.contains(position))
        : undefined;
      if (!place) return undefined;
      const { setting, range } = place;
      const [run] = place.runs;
      const shown: Shown = { setting, run, view: curves.of(run) };
      const { line, character } = range.start;
      const inline = { uri: document.uri.toString(), setting, line, character };
      const text = markdown();
      const which =
        place.runs.length > 1 ? ` · ${place.runs.length} runs ${marksOf(place.runs)}, the latest:` : "";
      text.appendMarkdown(
        [
          `${settingNames[setting]} · ${plain(runs.labelOf(run))}${which}`,
          headline(shown),
          charts(shown, "alone"),
          numbers(shown),
          [
            useLink(shown, document.uri, place),
            ...links(shown),
            commandLink("Show here", commandIds.toggleInline, inline),
          ]
            .filter((link) => link !== "")
            .join(" · "),
        ]
          .filter((part) => part !== "")
          .join("\n\n"),
      );
      return new vscode.Hover(text, range);
    },
  };
  own.own(vscode.languages.registerHoverProvider(settingSelector(), provider));
}
