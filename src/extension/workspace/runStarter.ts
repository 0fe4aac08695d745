// Starts, resumes and stops run processes. They are detached: closing the window does not end them.
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";
import { readLog, resumeRun, startRun, stopRun, type RunRecord, type StartedRun } from "../../launchers";
import { Disposables } from "../disposables";
import type { ExperimentPoint } from "../../protocol/checkExperiment";
import { files } from "../../protocol/runFolder";
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
    const run = await this.launch(file, first);
    if (rest.length > 0) void this.launchRest(file, run, rest);
    return "started";
  }

  private async launchRest(
    file: string,
    first: StartedRun,
    points: readonly ExperimentPoint[],
  ): Promise<void> {
    let before = first;
    for (const point of points) {
      await before.exited;
      if (this.cancelled.has(file)) return;
      try {
        before = await this.launch(file, point);
      } catch (error) {
        void vscode.window.showErrorMessage(`Basin: the sweep stopped. ${messageOf(error)}`);
        return;
      }
    }
  }

  private async launch(file: string, { experiment, overrides }: ExperimentPoint): Promise<StartedRun> {
    const run = await startRun({
      request: { experiment, file, overrides },
      runsDir: runsDirFor(file),
      detached: true,
      ...this.process(),
    });
    this.log.info(`Started run ${run.id}.`);
    await this.announce(run);
    return run;
  }

  private async announce(run: StartedRun): Promise<void> {
    await this.runs.refresh();
    this.started.fire({ id: run.id, folder: run.folder });
    void this.watch(run.id, run.folder, run.exited);
  }

  async resume(run: RunRecord): Promise<void> {
    const resumed = await resumeRun({ folder: run.folder, detached: true, ...this.process() });
    this.log.info(`Resumed run ${run.info.id}.`);
    await this.announce(resumed);
  }

  /** Asks the run to end; it still writes its verdict. No further point of its sweep is started. */
  async stop(run: RunRecord): Promise<void> {
    this.cancelled.add(run.info.file);
    await stopRun(run.folder);
    this.log.info(`Stopped run ${run.info.id}.`);
    await this.runs.refresh();
  }

  /** A run that could not train says why in its log: the user hears it at once. */
  private async watch(id: string, folder: string, exited: StartedRun["exited"]): Promise<void> {
    const { code } = await exited;
    await this.runs.refresh();
    const status = this.runs.byId(id)?.status;
    if (code === 0 || (status !== "failed" && status !== "died")) return;
    const said = readLog(folder);
    this.log.error(`Run ${id} failed (status ${code}):\n${said}`);
    const show = "Show Log";
    const first = said.split("\n").find((line) => line.trim() !== "") ?? `it ended with status ${code}.`;
    const answer = await vscode.window.showErrorMessage(`Basin: run failed. ${first}`, show);
    if (answer === show) await vscode.window.showTextDocument(vscode.Uri.file(join(folder, files.log)));
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
