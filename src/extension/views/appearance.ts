// How a run looks in tree and status bar: icon and colour by status and verdict.
import * as vscode from "vscode";
import type { RunRecord } from "../../launchers";
import { verdictWords, type Severity } from "../../types/verdictWords";

const bySeverity: Readonly<Record<Severity, readonly [icon: string, color: string]>> = {
  bad: ["warning", "charts.red"],
  warning: ["warning", "charts.orange"],
  edge: ["pulse", "charts.yellow"],
  open: ["question", "charts.blue"],
  good: ["pass", "charts.green"],
};

export function iconOf({ status, verdict, flag }: RunRecord): vscode.ThemeIcon {
  if (status === "running") return flag ? icon("warning", "charts.orange") : icon("sync~spin", "charts.blue");
  if (status === "queued") return icon("clock", "charts.foreground");
  if (status === "unknown") return icon("question", "charts.yellow");
  if (status === "failed") return icon("error", "errorForeground");
  if (status === "died") return icon("debug-disconnect", "charts.yellow");
  if (verdict?.verdict === "diverged") return icon("error", "charts.red");
  if (verdict) return icon(...bySeverity[verdictWords(verdict).severity]);
  return status === "interrupted"
    ? icon("debug-pause", "charts.foreground")
    : icon("circle-outline", "charts.foreground");
}

const icon = (name: string, color: string) => new vscode.ThemeIcon(name, new vscode.ThemeColor(color));
