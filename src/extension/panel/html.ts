// The page of a webview: one script and one style sheet from the extension's own folder, a nonce, nothing from anywhere else.
import * as vscode from "vscode";

export const webviewFolder = (extensionUri: vscode.Uri): vscode.Uri =>
  vscode.Uri.joinPath(extensionUri, "dist", "webview");

/** A script and a style sheet in that folder. */
export type PageName = "panel" | "current" | "dashboard" | "sweepMap" | "table" | "compare";

/** @param data  What the page finds on its root element, by name. */
export function pageHtml(
  webview: vscode.Webview,
  extensionUri: vscode.Uri,
  page: PageName,
  data: Readonly<Record<string, string>> = {},
): string {
  const nonce = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
  const local = (name: string) =>
    webview.asWebviewUri(vscode.Uri.joinPath(webviewFolder(extensionUri), name)).toString();
  // Encoded, so that nothing in it is markup.
  const attributes = Object.entries(data)
    .map(([name, value]) => ` data-${name}="${encodeURIComponent(value)}"`)
    .join("");
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource}`,
    `font-src ${webview.cspSource}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${local(`${page}.css`)}">
<title>Basin</title>
</head>
<body>
<main id="basin"${attributes}></main>
<script nonce="${nonce}" src="${local(`${page}.js`)}"></script>
</body>
</html>`;
}
