// Whether this window only looks: its extension host has no processes (a browser's), or its workspace lies on no disk.
import * as vscode from "vscode";
import { readOnlyKey } from "./ids";

const hasProcesses = typeof process !== "undefined" && typeof process.versions?.node === "string";

export function isReadOnly(): boolean {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return !hasProcesses || (folders.length > 0 && folders.every(({ uri }) => uri.scheme !== "file"));
}

/** Whether anything may be run, stopped or written here. */
export const mayAct = (): boolean => vscode.workspace.isTrusted && !isReadOnly();

/** Why not. */
export const whyReadOnly =
  "this window has no disk and no processes of its own, so recorded runs can be looked at and nothing is run, stopped or written. Open the folder in VS Code on a computer, or over SSH, to train.";

/** Tells VS Code's menus. */
export const announceReadOnly = (): Thenable<unknown> =>
  vscode.commands.executeCommand("setContext", readOnlyKey, true);
