// Points of a sweep that are run from its map: one that has no run yet, and those of a value that is written into the file's list.
import * as vscode from "vscode";
import { withSweepValue } from "../../protocol/sweepEdit";
import type { Json } from "../../protocol/jsonPath";
import type { Axis } from "../../protocol/sweep";
import type { SweepCell, SweepMap } from "../../record/sweepMap";
import { loadChecker } from "../language/checker";
import { openOptions } from "../language/openOptions";
import type { MapServices } from "./sweepMaps";

/** Runs the point of a cell; of keys that are swept besides, at every value. */
export async function runPoint(
  { starter }: MapServices,
  uri: vscode.Uri,
  { x, y }: Pick<SweepMap, "x" | "y">,
  cell: SweepCell,
): Promise<void> {
  const overrides = [`${x.key}=${x.values[cell.x]}`, ...(y ? [`${y.key}=${y.values[cell.y]}`] : [])];
  if ((await starter.start(uri, overrides)) === "invalid")
    throw new Error("this experiment cannot run yet; its problems are marked in the file.");
}

/**
 * Writes a value into the list of a swept key, through the document, and submits the points it makes.
 *
 * @returns  Whether there was something to add.
 * @throws   Error in the checker's words where the value may not stand there; the file then stays as it is.
 */
export async function addPoints(
  { starter }: MapServices,
  uri: vscode.Uri,
  { key, typed }: { readonly key: string; readonly typed: string },
  axes: readonly Axis[],
): Promise<boolean> {
  const axis = axes.find((one) => one.key === key);
  if (!axis) throw new Error(`${key} is not swept by this file any more.`);
  const document = await vscode.workspace.openTextDocument(uri);
  const before = document.getText();
  const value = valueOf(typed);
  const after = withSweepValue(before, axis, value);
  if (after === before) return false;
  const file = uri.fsPath;
  const { checkExperiment } = await loadChecker();
  const { problems } = checkExperiment(after, file, openOptions(file));
  const wrong = problems.find(({ severity }) => severity === "error");
  if (wrong) throw new Error(`${key} ${typed}: ${wrong.message} ${wrong.hint ?? ""}`.trim());
  const edit = new vscode.WorkspaceEdit();
  edit.replace(uri, new vscode.Range(document.positionAt(0), document.positionAt(before.length)), after);
  if (!(await vscode.workspace.applyEdit(edit)))
    throw new Error("VS Code did not take the change of this file; is it read-only?");
  await starter.start(uri, [`${key}=${JSON.stringify(value)}`]);
  return true;
}

/** A number or other JSON, else a word such as `full`. */
function valueOf(typed: string): Json {
  const text = typed.trim();
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
