// From the checker's places (characters from the start of the text) to VS Code's ranges.
import * as vscode from "vscode";
import type { SourcePlace } from "../../protocol/errors";

export function rangeOf(document: vscode.TextDocument, { offset, length, line, column }: SourcePlace) {
  if (offset !== undefined) {
    return new vscode.Range(document.positionAt(offset), document.positionAt(offset + (length ?? 1)));
  }
  const start = new vscode.Position(Math.max(0, (line ?? 1) - 1), Math.max(0, (column ?? 1) - 1));
  return new vscode.Range(start, start.translate(0, 1));
}
