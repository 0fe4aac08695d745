// In a window that only looks, the dashboard says why there is none: its form is checked with files of a disk.
import * as vscode from "vscode";
import type { Disposables } from "../disposables";
import { dashboardType } from "../ids";
import { whyReadOnly } from "../readOnly";

export function registerNoDashboard(own: Disposables): void {
  const resolveCustomTextEditor = (_document: vscode.TextDocument, { webview }: vscode.WebviewPanel) => {
    webview.html = `<!DOCTYPE html><html lang="en"><head><meta http-equiv="Content-Security-Policy" content="default-src 'none'"><title>Basin</title></head><body><p>No dashboard here: ${whyReadOnly}</p></body></html>`;
  };
  own.own(vscode.window.registerCustomEditorProvider(dashboardType, { resolveCustomTextEditor }));
}
