// The user's settings, by what they decide. Read where they are used, so that a change holds at once; package.json says what each may be.
import * as vscode from "vscode";
import { experimentDefaults, runsFolderOf, type ExperimentDefaults } from "./settingValues";

const basin = (scope?: vscode.ConfigurationScope) => vscode.workspace.getConfiguration("basin", scope);

/** Where new runs of a workspace folder go: a path from it, or an absolute one. */
export const runsFolderSetting = (folder: vscode.Uri): string =>
  runsFolderOf(basin(folder).get("runsFolder"));

/** Runs of a sweep that train at once, where the user says so for every experiment. */
export function concurrency(): number | undefined {
  const asked = basin().get<unknown>("concurrency");
  return typeof asked === "number" && Number.isInteger(asked) && asked >= 1
    ? Math.min(asked, 1000)
    : undefined;
}

/** The Python that scripts run with, where the user names one: for the environment of a process of ours. */
export function pythonEnvironment(): { BASIN_PYTHON?: string } {
  const asked = basin().get<unknown>("python");
  return typeof asked === "string" && asked.trim() !== "" ? { BASIN_PYTHON: asked.trim() } : {};
}

/** What an experiment is run with where it does not say. */
export const defaultsFor = (file: vscode.Uri): ExperimentDefaults => {
  const settings = basin(file);
  return experimentDefaults(settings.get("engine"), settings.get("memory"));
};

/** Milliseconds between two looks at runs that train. */
export function refreshMilliseconds(): number {
  const asked = basin().get<unknown>("refresh");
  return typeof asked === "number" && Number.isFinite(asked) ? Math.min(Math.max(asked, 100), 60_000) : 500;
}

/** Whether a run is flagged while it still trains. */
export const flagsWhileTraining = (): boolean => basin().get("flag.provisional", true);

/** Whether an agent in the editor may train and stop runs. */
export const agentsMayRun = (): boolean => basin().get("mcp.allowRuns") === true;

export type Told = "off" | "flagged" | "ended" | "all";

/** What the user wants to be told of, now. */
export function told(): Told {
  const settings = basin();
  if (settings.get("notifications.onlyUnfocused", true) && vscode.window.state.focused) return "off";
  const asked = settings.get<string>("notifications.show");
  return asked === "off" || asked === "flagged" || asked === "ended" ? asked : "all";
}

/** Where the panel opens. */
export const panelColumn = (): vscode.ViewColumn =>
  basin().get("panel.column") === "active" ? vscode.ViewColumn.Active : vscode.ViewColumn.Beside;

/** Calls back when one of these settings, named without `basin.`, has changed. */
export const onSettingChange = (names: readonly string[], changed: () => void): vscode.Disposable =>
  vscode.workspace.onDidChangeConfiguration((event) => {
    if (names.some((name) => event.affectsConfiguration(`basin.${name}`))) changed();
  });
