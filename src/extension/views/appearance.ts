// How a run looks in tree and status bar: icon and colour by status and verdict.
import * as vscode from "vscode";
import type { RunRecord } from "../../launchers";
import type { VerdictKind } from "../../types/verdict";

const byVerdict: Readonly<Record<VerdictKind, readonly [icon: string, color: string]>> = {
  diverged: ["error", "charts.red"],
  saddle: ["warning", "charts.red"],
  "unstable-mean": ["warning", "charts.red"],
  "unstable-variance": ["warning", "charts.red"],
  edge: ["pulse", "charts.yellow"],
  inconclusive: ["question", "charts.blue"],
  stable: ["pass", "charts.green"],
};

export function iconOf({ status, verdict, flag }: RunRecord): vscode.ThemeIcon {
  if (status === "running") return flag ? icon("warning", "charts.orange") : icon("sync~spin", "charts.blue");
  if (status === "queued") return icon("clock", "charts.foreground");
  if (status === "unknown") return icon("question", "charts.yellow");
  if (status === "failed") return icon("error", "errorForeground");
  if (status === "died") return icon("debug-disconnect", "charts.yellow");
  if (verdict) return icon(...byVerdict[verdict.verdict]);
  return status === "interrupted"
    ? icon("debug-pause", "charts.foreground")
    : icon("circle-outline", "charts.foreground");
}

const icon = (name: string, color: string) => new vscode.ThemeIcon(name, new vscode.ThemeColor(color));
