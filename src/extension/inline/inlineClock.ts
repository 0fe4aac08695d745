// When what stands between the lines is drawn anew: a run has moved, the theme or the settings have changed; at most once a second.
import * as vscode from "vscode";
import { Disposables } from "../disposables";
import type { Runs } from "../workspace/runs";
import { onShownChange } from "./settings";

const leastMilliseconds = 1000;

/** One clock for hints, sparklines, lenses and inline panels: drawn together, they read the curves of a run once. */
export class InlineClock {
  private readonly own = new Disposables();
  private readonly draws = new Set<() => void>();
  private timer: NodeJS.Timeout | undefined;
  private drawnAt = -Infinity;

  constructor(runs: Runs) {
    this.own.own(runs.onDidChange(() => this.soon()));
    this.own.own(vscode.window.onDidChangeActiveColorTheme(() => this.drawAll()));
    this.own.own(onShownChange(() => this.drawAll()));
  }

  /** Calls `draw` soon after a change, then no more than once a second however many come. */
  onChange(own: Disposables, draw: () => void): void {
    this.draws.add(draw);
    own.own({ dispose: () => this.draws.delete(draw) });
  }

  private soon(): void {
    const wait = Math.max(10, this.drawnAt + leastMilliseconds - performance.now());
    this.timer ??= setTimeout(() => this.drawAll(), wait);
  }

  private drawAll(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.drawnAt = performance.now();
    for (const draw of this.draws) draw();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.own.dispose();
  }
}
