// Which documents are Basin's: the workspace's own files, and not what git or a comparison shows of them under another scheme.
import * as vscode from "vscode";
import { experimentGlob, localGlob, scriptGlob } from "../ids";
import { isReadOnly } from "../readOnly";

const schemes = (): readonly string[] =>
  isReadOnly()
    ? [...new Set((vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.scheme))]
    : ["file"];

export const isOfWorkspace = ({ uri }: vscode.TextDocument): boolean => schemes().includes(uri.scheme);

const ofWorkspace = (pattern: string): vscode.DocumentFilter[] =>
  schemes().map((scheme) => ({ scheme, pattern }));

export const experimentSelector = (): vscode.DocumentFilter[] => ofWorkspace(experimentGlob);
export const scriptSelector = (): vscode.DocumentFilter[] => ofWorkspace(scriptGlob);
/** Whatever may say what a run was set to. */
export const settingSelector = (): vscode.DocumentFilter[] => [...experimentSelector(), ...scriptSelector()];
/** A person's own settings beside them. */
export const localSelector = (): vscode.DocumentFilter[] => ofWorkspace(localGlob);
