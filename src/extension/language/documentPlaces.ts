// Where a document of any kind writes what a run was set to: an experiment file by its keys, a script by what can be seen of its calls.
import type * as vscode from "vscode";
import { scriptPlacesIn } from "../script/scriptPlaces";
import { isExperiment, isScript } from "./openExperiments";
import { settingPlacesIn, type PlacesOf } from "./settingPlaces";

/** Whether a document may say what a run was set to. */
export const hasSettings = (document: vscode.TextDocument): boolean =>
  isExperiment(document) || isScript(document);

/** Asks one document after many runs. */
export function documentPlaces(document: vscode.TextDocument): PlacesOf {
  if (isExperiment(document)) return settingPlacesIn(document.getText());
  return isScript(document) ? scriptPlacesIn(document.getText()) : () => null;
}
