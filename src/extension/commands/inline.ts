// The commands of the inline panel: opened at a setting by a hint, a hover or the palette, closed and explained by its own buttons.
import * as vscode from "vscode";
import { decodePlace, type InlinePlace } from "../inline/inlinePanels";
import { placeAt, placesIn } from "../inline/places";
import type { Services } from "../services";
import type { Command } from "./command";
import { commandIds } from "./ids";

export const toggleInline: Command<Services> = {
  id: commandIds.toggleInline,
  title: "Show or Hide Inline Panel",
  run: (services, argument) => {
    const place = decodePlace(argument) ?? atCursor(services);
    if (place && services.inline.toggle(place)) return;
    void vscode.window.showInformationMessage(
      "Basin: no run was set to what this file says. Run it, then open the panel at its learning rate or batch size.",
    );
  },
};

export const closeInline: Command<Services> = {
  id: commandIds.closeInline,
  title: "Close Inline Panel",
  run: ({ inline }, argument) => inline.close(argument),
};

export const explainInline: Command<Services> = {
  id: commandIds.explainInline,
  title: "Explain",
  run: ({ inline }, argument) => inline.explain(argument),
};

/** The setting the cursor is at, else the file's first. */
function atCursor({ runs }: Services): InlinePlace | undefined {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return undefined;
  const places = placesIn(editor.document, runs);
  const place = placeAt(places, editor.selection.active) ?? places[0];
  if (!place) return undefined;
  const { line, character } = place.range.start;
  return { uri: editor.document.uri.toString(), setting: place.setting, line, character };
}
