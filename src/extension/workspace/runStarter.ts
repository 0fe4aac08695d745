// Starts, resumes and stops run processes. They are detached: closing the window does not end them.
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";
import { followRun, resumeRun, startRun, stopRun, type RunRecord } from "../../launchers";
import { Disposables, type Disposable } from "../disposables";
import type { ExperimentPoint } from "../../protocol/checkExperiment";
import { loadChecker } from "../language/checker";
import { runsDirFor, type Runs } from "./runs";

export class RunStarter {
  private readonly own = new Disposables();
  private readonly started = this.own.own(new vscode.EventEmitter<{ id: string; folder: string }>());
  readonly onDidStart = this.started.event;
  /** Experiment files whose sweep was stopped: no further point is started. */
  private readonly cancelled = new Set<string>();

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly runs: Runs,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** Starts the experiment in `uri`: the first point before this returns, the rest of a sweep as each one ends. */
  async start(uri: vscode.Uri): Promise<"started" | "invalid"> {
    const file = uri.fsPath;
    const document = await vscode.workspace.openTextDocument(uri);
    if (document.isDirty) await document.save();
    const { checkExperiment } = await loadChecker();
    const { problems, points } = checkExperiment(document.getText(), file, { exists: existsSync });
    if (points.length === 0) {
      const first = problems.find(({ severity }) => severity === "error");
      this.log.warn(`${file}: ${first?.message ?? "no experiment in it"}`);
      return "invalid";
    }
    this.cancelled.delete(file);
    const [first, ...rest] = points;
    const folder = await this.launch(file, first);
    if (rest.length > 0) void this.launchRest(file, folder, rest);
    return "started";
  }

  private async launchRest(file: string, folder: string, points: readonly ExperimentPoint[]): Promise<void> {
    let before = folder;
    for (const point of points) {
      await this.ended(before);
      if (this.cancelled.has(file)) return;
      try {
        before = await this.launch(file, point);
      } catch (error) {
        void vscode.window.showErrorMessage(`Basin: the sweep stopped. ${messageOf(error)}`);
        return;
      }
    }
  }

  private async launch(file: string, { experiment, overrides }: ExperimentPoint): Promise<string> {
    const { folder, id } = await startRun({
      request: { experiment, file, overrides },
      runsDir: runsDirFor(file),
      detached: true,
      ...this.process(),
    });
    this.log.info(`Started run ${id}.`);
    await this.runs.refresh();
    this.started.fire({ id, folder });
    return folder;
  }

  async resume(run: RunRecord): Promise<void> {
    await resumeRun({ folder: run.folder, detached: true, ...this.process() });
    this.log.info(`Resumed run ${run.info.id}.`);
    await this.runs.refresh();
    this.started.fire({ id: run.info.id, folder: run.folder });
  }

  /** Asks the run to end; it still writes its verdict. No further point of its sweep is started. */
  async stop(run: RunRecord): Promise<void> {
    this.cancelled.add(run.info.file);
    await stopRun(run.folder);
    this.log.info(`Stopped run ${run.info.id}.`);
    await this.runs.refresh();
  }

  /** Resolves once the run in `folder` no longer trains. */
  private ended(folder: string): Promise<void> {
    return new Promise((resolve) => {
      const box: { follower?: Disposable; done: boolean } = { done: false };
      box.follower = this.own.own(
        followRun(folder, {
          onEvents: () => undefined,
          onStatus: (status) => {
            if (status === "running" || box.done) return;
            box.done = true;
            resolve();
            setTimeout(() => box.follower?.dispose(), 0);
          },
        }),
      );
    });
  }

  /** How a run process is started: our own bundle in this Node. */
  private process() {
    return {
      runScript: join(this.context.extensionPath, "dist", "run.js"),
      execPath: process.execPath,
      env: { ...process.env, ELECTRON_RUN_AS_NODE: "1" },
    };
  }

  dispose(): void {
    this.own.dispose();
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
