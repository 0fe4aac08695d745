// Whether anyone can see what stands below a line: for nobody nothing is drawn.
import * as vscode from "vscode";

/** VS Code counts lines alone: what stands below one may be in sight when that is just above or below those shown. */
const linesAround = 3;

/** Whether an editor shows what stands below a line of a file. */
export function isInSight(uri: vscode.Uri, line: number): boolean {
  const editors = vscode.window.visibleTextEditors.filter(
    ({ document }) => document.uri.toString() === uri.toString(),
  );
  return editors.some(
    ({ visibleRanges }) =>
      // Of an editor that opens they are not known yet.
      visibleRanges.length === 0 ||
      visibleRanges.some(
        ({ start, end }) => line >= start.line - linesAround && line <= end.line + linesAround,
      ),
  );
}
