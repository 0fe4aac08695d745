// Writes the picture of a chart where the user says, as a PNG.
import * as vscode from "vscode";

/** Beside the experiment's file at first. `png` is base64, `name` that of the file as the page has it. */
export async function saveImage(
  beside: string,
  { name, png }: { readonly name: string; readonly png: string },
): Promise<void> {
  const folder = vscode.Uri.joinPath(vscode.Uri.file(beside), "..");
  const to = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(folder, fileName(name)),
    filters: { "PNG image": ["png"] },
  });
  if (to)
    await vscode.workspace.fs.writeFile(
      to,
      Uint8Array.from(atob(png), (c) => c.charCodeAt(0)),
    );
}

/** Names come from experiments: what no file system takes becomes a dash. */
const fileName = (name: string): string => name.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^\.+/, "");
