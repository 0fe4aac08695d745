// Adds a probe to an experiment file, as an edit the user sees, saves or undoes.
import * as vscode from "vscode";
import type { ProbesSpec } from "../../protocol/experiment";
import { withProbe, type ProbeId } from "../../protocol/withProbe";

export async function addProbe(file: string, probe: ProbeId, probes: ProbesSpec): Promise<void> {
  const document = await vscode.workspace.openTextDocument(vscode.Uri.file(file));
  const before = document.getText();
  const after = withProbe(before, probe, probes);
  const editor = await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.One });
  const whole = new vscode.Range(document.positionAt(0), document.positionAt(before.length));
  if (after !== before) await editor.edit((edit) => edit.replace(whole, after));
  const at = document.positionAt(Math.max(0, after.indexOf(`"${probe}"`)));
  editor.selection = new vscode.Selection(at, at);
  editor.revealRange(new vscode.Range(at, at));
}
