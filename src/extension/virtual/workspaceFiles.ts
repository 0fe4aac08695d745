// The workspace's own file system as Basin reads it, whatever stands behind it: a repository on a server, a folder of the browser. Read only.
import * as vscode from "vscode";
import type { FileKind, Files } from "../../record/virtual/files";

/** A place is a uri's text. */
export const workspaceFiles: Files = {
  within: (folder, ...names) => vscode.Uri.joinPath(vscode.Uri.parse(folder), ...names).toString(),
  stat: (place) =>
    whereThere(
      async () => {
        const { type, size, mtime, ctime } = await vscode.workspace.fs.stat(vscode.Uri.parse(place));
        return { kind: kindOf(type), size, stamp: `${mtime} ${ctime} ${size}` };
      },
      () => null,
    ),
  list: (folder) =>
    whereThere(
      async () => {
        const entries = await vscode.workspace.fs.readDirectory(vscode.Uri.parse(folder));
        return entries.map(([name, type]) => ({ name, kind: kindOf(type) }));
      },
      () => [],
    ),
  read: async (place) => vscode.workspace.fs.readFile(vscode.Uri.parse(place)),
};

/** A link carries what it leads to beside its own mark. */
function kindOf(type: vscode.FileType): FileKind {
  if ((type & vscode.FileType.SymbolicLink) !== 0) return "link";
  if (type === vscode.FileType.File) return "file";
  return type === vscode.FileType.Directory ? "folder" : "other";
}

async function whereThere<T>(ask: () => Promise<T>, otherwise: () => T): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const code = error instanceof vscode.FileSystemError ? error.code : "";
    if (code === "FileNotFound" || code === "FileNotADirectory") return otherwise();
    throw new Error(`cannot be read (${code || String(error)})`);
  }
}
