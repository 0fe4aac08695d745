// Which workspace folder a file belongs to.
import * as vscode from "vscode";

export const folderOf = (file: string): string | undefined =>
  vscode.workspace.getWorkspaceFolder(vscode.Uri.file(file))?.uri.fsPath;
