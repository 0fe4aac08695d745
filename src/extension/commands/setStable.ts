// Basin: Use Stable Value. Writes what a run found stable into its experiment file, as an edit that can be undone.
import * as vscode from "vscode";
import { chartedSettings, type ChartedSetting } from "../../record/settingChart";
import { keyOf, stableValue } from "../inline/words";
import { documentPlaces } from "../language/documentPlaces";
import type { Command } from "./command";
import { commandIds } from "./ids";

export const setStable: Command = {
  id: commandIds.setStable,
  title: "Use Stable Value",
  needs: "trust",
  run: async (services, argument) => {
    const asked = services.inline.shownIn(argument) ?? decode(argument);
    const run = asked?.run === undefined ? undefined : services.runs.byKey(asked.run);
    if (!asked || !run) return;
    const stable = stableValue(run, asked.setting);
    if (!stable) return explain(`this run has found no stable ${keyOf(asked.setting)} yet.`);
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(asked.uri));
    const place = documentPlaces(document)(run.info)?.written.get(asked.setting);
    if (!place?.isValue)
      return explain(
        `this file no longer writes the ${keyOf(asked.setting)} of that run, or another file does; set it to ${stable.text} there.`,
      );
    const edit = new vscode.WorkspaceEdit();
    const range = new vscode.Range(
      document.positionAt(place.offset),
      document.positionAt(place.offset + place.length),
    );
    edit.replace(document.uri, range, stable.text);
    await vscode.workspace.applyEdit(edit);
  },
};

const explain = (text: string): void => void vscode.window.showInformationMessage(`Basin: ${text}`);

function decode(
  argument: unknown,
): { readonly run: string; readonly setting: ChartedSetting; readonly uri: string } | undefined {
  if (typeof argument !== "object" || argument === null) return undefined;
  const { run, setting, uri } = argument as Record<string, unknown>;
  const known = chartedSettings.find((one) => one === setting);
  return typeof run === "string" && typeof uri === "string" && known
    ? { run, setting: known, uri }
    : undefined;
}
