// The commands of the inline panel: opened at a setting by a hint, a hover or the palette, closed and explained by its own buttons.
import * as vscode from "vscode";
import { decodePlace, type InlinePlace } from "../inline/inlinePlace";
import { placeAt, placesIn } from "../inline/places";
import { homeOf } from "../../protocol/script";
import { isExperimentPath, isScriptPath } from "../ids";
import type { Services } from "../services";
import type { Command } from "./command";
import { commandIds } from "./ids";

export const toggleInline: Command<Services> = {
  id: commandIds.toggleInline,
  title: "Show or Hide Inline Panel",
  run: async (services, argument) => {
    const place = decodePlace(argument) ?? (await atCursor(services));
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
async function atCursor(services: Services): Promise<InlinePlace | undefined> {
  const editor = await experimentEditor(services);
  if (!editor) return undefined;
  const places = placesIn(editor.document, services.runs);
  const place = placeAt(places, editor.selection.active) ?? places[0];
  if (!place) return undefined;
  const { line, character } = place.range.start;
  return { uri: editor.document.uri.toString(), setting: place.setting, line, character };
}

/** The experiment or watched script being edited; where that is something else, as from the walkthrough, one that is in sight, or the file of the latest run. */
async function experimentEditor({ runs }: Services): Promise<vscode.TextEditor | undefined> {
  const { activeTextEditor, visibleTextEditors } = vscode.window;
  const isOurs = ({ document: { uri } }: vscode.TextEditor) =>
    isExperimentPath(uri.path) || (isScriptPath(uri.path) && runs.of(uri.fsPath).length > 0);
  const editor = [activeTextEditor, ...visibleTextEditors].find((one) => one && isOurs(one));
  if (editor) return editor;
  const [latest] = runs.all;
  if (!latest) return undefined;
  try {
    return await vscode.window.showTextDocument(runs.source.uriOfFile(homeOf(latest.info)));
  } catch {
    // It was renamed, or lies elsewhere.
    return undefined;
  }
}
