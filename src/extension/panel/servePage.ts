// Gives a webview one of Basin's pages, and hands on what the page says: decoded at the door, a failure said to the user.
import * as vscode from "vscode";
import { plain } from "../format";
import { messageOf } from "../messageOf";
import type { Services } from "../services";
import { pageHtml, webviewFolder, type PageName } from "./html";

interface Page<Message> {
  readonly page: PageName;
  /** What it is called in the log. */
  readonly name: string;
  /** What the page finds on its root element, by name. */
  readonly data?: Readonly<Record<string, string>>;
  /** null for what is no message of this page. */
  readonly decode: (raw: unknown) => Message | null | undefined;
  readonly receive: (message: Message) => Promise<void>;
}

/** @returns  What ends the listening. */
export function servePage<Message extends { readonly kind: string }>(
  webview: vscode.Webview,
  { context: { extensionUri }, log }: Pick<Services, "context" | "log">,
  { page, name, data, decode, receive }: Page<Message>,
): vscode.Disposable {
  webview.options = { enableScripts: true, localResourceRoots: [webviewFolder(extensionUri)] };
  const listening = webview.onDidReceiveMessage((raw: unknown) => {
    const message = decode(raw);
    if (!message) return log.warn(`${name}: a message that is none.`);
    receive(message).catch((error: unknown) => {
      log.error(`${name}, ${message.kind}: ${String(error)}`);
      void vscode.window.showErrorMessage(`Basin: ${plain(messageOf(error))}`);
    });
  });
  webview.html = pageHtml(webview, extensionUri, page, data);
  return listening;
}
