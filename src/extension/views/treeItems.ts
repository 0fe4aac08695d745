// One row of the tree each: what it says, its icon, and the tooltip with the run's numbers.
import * as vscode from "vscode";
import { describeOptimizer } from "../../protocol/describeOptimizer";
import type { RunRecord } from "../../launchers";
import { ago } from "../../util/ago";
import { plain, shortNumber } from "../format";
import type { ExperimentFile } from "../workspace/experiments";
import { iconOf } from "./appearance";
import { statusWords } from "../../types/runStatus";
import { verdictWords } from "../../types/verdictWords";

export function experimentItem(
  { uri, name, folder }: ExperimentFile,
  runs: readonly RunRecord[],
): vscode.TreeItem {
  const state =
    runs.length > 0 ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.None;
  const item = new vscode.TreeItem(name, state);
  // VS Code keeps a known row's state: with its first run an experiment becomes a new row, which opens.
  item.id = `${uri.toString()}${runs.length > 0 ? "#runs" : ""}`;
  item.resourceUri = uri;
  item.iconPath = new vscode.ThemeIcon("beaker");
  item.description = folder;
  item.contextValue = "experiment";
  item.tooltip = uri.fsPath;
  item.command = { title: "Open", command: "vscode.open", arguments: [uri] };
  return item;
}

/** Where runs hang whose experiment is not in the workspace; `file` is what their run.json says, "" where it cannot be read. */
export function goneItem(file: string): vscode.TreeItem {
  const item = new vscode.TreeItem(
    file === "" ? "unknown experiment" : lastName(file).replace(/\.basin\.json$/, ""),
    vscode.TreeItemCollapsibleState.Expanded,
  );
  item.id = `gone ${file}`;
  item.iconPath = new vscode.ThemeIcon("circle-slash");
  item.description = file === "" ? "run.json does not say which" : "file is gone";
  item.contextValue = "experiment.gone";
  item.tooltip =
    file === "" ? "Their run.json cannot be read." : `${file} no longer exists; its runs are still here.`;
  return item;
}

/** Where the runs of a script hang that was started by itself, by hand or from its lens. */
export function scriptItem(file: string): vscode.TreeItem {
  const uri = vscode.Uri.file(file);
  const item = new vscode.TreeItem(lastName(file), vscode.TreeItemCollapsibleState.Expanded);
  item.id = `script ${file}`;
  item.iconPath = new vscode.ThemeIcon("file-code");
  item.description = "script";
  item.contextValue = "script";
  item.tooltip = file;
  item.command = { title: "Open", command: "vscode.open", arguments: [uri] };
  return item;
}

/** Of a path of whatever system the run was made on. */
const lastName = (path: string): string =>
  path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);

interface RunRow {
  /** What tells the run from those beside it. */
  readonly label: string;
  /** Whether it is drawn in comparisons. */
  readonly isTicked: boolean;
  readonly command: vscode.Command;
}

export function runItem(run: RunRecord, { label, isTicked, command }: RunRow): vscode.TreeItem {
  const item = new vscode.TreeItem(label);
  item.id = run.folder;
  item.iconPath = iconOf(run);
  item.description = descriptionOf(run);
  item.tooltip = tooltipOf(run);
  item.contextValue = `run.${run.status}${run.note.pinned ? ".pinned" : ""}`;
  item.accessibilityInformation = { label: `${label}, ${descriptionOf(run)}` };
  item.command = command;
  const { Checked, Unchecked } = vscode.TreeItemCheckboxState;
  item.checkboxState = {
    state: isTicked ? Checked : Unchecked,
    tooltip: isTicked ? "Take it out of the comparison" : "Compare it with other runs",
    accessibilityInformation: { label: `Compare ${label}` },
  };
  return item;
}

const descriptionOf = (run: RunRecord): string => `${stateOf(run)}${run.note.pinned ? " · pinned" : ""}`;

function stateOf({ info, status, step, verdict, flag, damage, place }: RunRecord): string {
  const damaged = damage.length > 0 && `damaged: ${damage[0]}`;
  if (damaged && !verdict) return damaged;
  const where = place && ` · ${plain(place.says)}`;
  if (status === "running") return `step ${step}${flag ? " · beyond its limit" : ""}${where ?? ""}`;
  if (status === "queued") return `${placeInQueue(info)}${where ?? ""}`;
  const words = verdict ? verdictWords(verdict).short : statusWords[status];
  return `${words}${where ?? ""} · ${damaged || ago(info.created, Date.now())}`;
}

/** "queued, 5 of 9": its place among the runs submitted with it. */
const placeInQueue = ({ sweep }: RunRecord["info"]): string =>
  sweep && sweep.of > 1 ? `queued, ${sweep.index} of ${sweep.of}` : "queued";

/** A string, not Markdown, in which an address is a link even where it is escaped: names and messages come from anybody. */
function tooltipOf({ info, status, step, verdict, damage, place }: RunRecord): string {
  const { optimizer, loss } = info.experiment;
  const lines = [
    `${info.experiment.name} · ${statusWords[status]} at step ${step}`,
    ...(verdict ? [verdict.summary] : []),
    ...(place ? [`job ${place.job}: ${place.says}`] : []),
    `learning rate ${shortNumber(optimizer.learningRate)} · batch ${optimizer.batchSize} · ${describeOptimizer(optimizer)} · ${loss}`,
    `started ${new Date(info.created).toLocaleString()}`,
    ...damage.map((what) => `Damaged: ${what}`),
    info.id,
  ];
  return lines.join("\n");
}
