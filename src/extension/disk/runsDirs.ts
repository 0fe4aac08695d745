// Where runs lie on this disk: under the workspace's folders, where the settings say, and where the command line puts those of each experiment.
import { isAbsolute, join } from "node:path";
import * as vscode from "vscode";
import { runsDirOf, workspaceOf } from "../../launchers";
import { runsFolderSetting } from "../settings";
import { folderOf } from "../workspace/folders";

/** The workspace's folders. */
export const folders = (): string[] =>
  (vscode.workspace.workspaceFolders ?? [])
    .filter(({ uri }) => uri.scheme === "file")
    .map(({ uri }) => uri.fsPath);

/** Where new runs of a workspace folder go, an absolute path. */
function runsDirIn(folder: string): string {
  const named = runsFolderSetting(vscode.Uri.file(folder));
  return isAbsolute(named) ? named : join(folder, named);
}

/** Runs folders that the settings name in another place than the usual one. */
export const namedRunsDirs = (): string[] => [
  ...new Set(folders().flatMap((folder) => [runsDirIn(folder)].filter((dir) => dir !== runsDirOf(folder)))),
];

/** Every folder that may hold runs. @param experiments  Paths of the workspace's experiment files. */
export function runsDirs(experiments: readonly string[]): string[] {
  const usual = [...folders(), ...experiments.map(workspaceOf)].map(runsDirOf);
  return [...new Set([...usual, ...namedRunsDirs()])];
}

/** Where a run of this file goes: where the settings of its workspace folder say, or for a file outside of any, where the CLI would put it. */
export function runsDirFor(file: string): string {
  const folder = folderOf(file);
  return folder === undefined ? runsDirOf(workspaceOf(file)) : runsDirIn(folder);
}
