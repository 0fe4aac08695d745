// From the checker's places (characters from the start of the text) to VS Code's ranges.
import * as vscode from "vscode";
import type { SourcePlace } from "../../protocol/errors";

/** @param document Undefined for a file that is not open: its range is one line's. */
export function rangeOf(
  document: vscode.TextDocument | undefined,
  { offset, length, line, column }: SourcePlace,
): vscode.Range {
  if (document && offset !== undefined) {
    return new vscode.Range(document.positionAt(offset), document.positionAt(offset + (length ?? 1)));
  }
  const start = new vscode.Position(Math.max(0, (line ?? 1) - 1), Math.max(0, (column ?? 1) - 1));
  return new vscode.Range(start, start.translate(0, document ? 1 : (length ?? 1)));
}
