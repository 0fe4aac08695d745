// When what stands between the lines is drawn anew: a run has moved, the theme or the settings have changed; at most once a second.
import * as vscode from "vscode";
import type { Disposables } from "../disposables";
import type { Runs } from "../workspace/runs";
import { onShownChange } from "./settings";

const leastMilliseconds = 1000;

/** Calls `draw` soon after a change, then no more than once a second however many come. Returns what asks for it by hand, at once. */
export function onInlineChange(runs: Runs, own: Disposables, draw: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let drawnAt = -Infinity;
  const now = () => {
    clearTimeout(timer);
    timer = undefined;
    drawnAt = performance.now();
    draw();
  };
  const soon = () => {
    timer ??= setTimeout(now, Math.max(10, drawnAt + leastMilliseconds - performance.now()));
  };
  own.own(runs.onDidChange(soon));
  own.own(vscode.window.onDidChangeActiveColorTheme(now));
  own.own(onShownChange(now));
  own.own({ dispose: () => clearTimeout(timer) });
  return now;
}
