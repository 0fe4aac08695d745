// While runs are jobs of a cluster, asks its scheduler now and then, all windows together at most once in five seconds; without such runs it asks nothing.
import * as vscode from "vscode";
import { JobPoll } from "../../launchers";
import { isActive } from "../../types/runStatus";
import { Disposables } from "../disposables";
import { plain } from "../format";
import type { Runs } from "./runs";

export class JobWatch {
  private readonly own = new Disposables();
  private readonly poll = new JobPoll();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly runs: Runs) {
    this.own.own(runs.onDidChange(() => this.wait()));
    this.own.own(vscode.workspace.onDidGrantWorkspaceTrust(() => this.wait()));
  }

  private wait(): void {
    if (this.timer || !vscode.workspace.isTrusted || !this.hasJobs()) return;
    this.timer = setTimeout(() => void this.look(), Math.max(500, this.poll.pause));
  }

  private hasJobs(): boolean {
    return this.runs.all.some(({ place, status }) => place !== null && isActive(status));
  }

  private async look(): Promise<void> {
    const before = this.poll.problem;
    await this.poll.look(this.runs.all);
    const { problem } = this.poll;
    if (problem !== null && problem !== before)
      void vscode.window.showWarningMessage(`Basin: ${plain(problem)}`);
    this.timer = undefined;
    await this.runs.refresh();
    this.wait();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.own.dispose();
  }
}
