// "2 min ago" says so for a minute: what shows it is told to draw anew, twice a minute and only while somebody sees it.
import type * as vscode from "vscode";

const milliseconds = 30_000;

export function renewTimes(isSeen: () => boolean, renew: () => void): vscode.Disposable {
  const timer = setInterval(() => {
    if (isSeen()) renew();
  }, milliseconds);
  return { dispose: () => clearInterval(timer) };
}
