// What the checker may know of an open file's surroundings: other files as they are being edited, else as they lie on disk.
import * as vscode from "vscode";
import type { CheckOptions } from "../../protocol/checkExperiment";
import { checkOptions } from "../../record/disk/checkOptions";
import { experimentText } from "../../record/disk/experimentText";

export const openOptions = (file: string): CheckOptions => ({ ...checkOptions(file), readText: openText });

/** The text of another file: as it is being edited, else as it lies on disk. */
export const openText = (path: string): string | undefined =>
  vscode.workspace.textDocuments.find(({ uri }) => uri.fsPath === path)?.getText() ?? experimentText(path);
