// Submits experiments to the queue, resumes and stops runs. None of them is ours: closing the window ends nothing.
import { basename, dirname, extname, join } from "node:path";
import * as vscode from "vscode";
import {
  checkLaunch,
  readLog,
  resumeRun,
  runQueue,
  stopRun,
  stopRuns,
  submit,
  submitBranch,
  type BranchOptions,
  type MadeRun,
  type ProcessOptions,
  type RunRecord,
} from "../../launchers";
import { checkOptions } from "../../record/disk/checkOptions";
import { Disposables } from "../disposables";
import type { Experiment } from "../../protocol/experiment";
import { files } from "../../protocol/runFolder";
import { isActive } from "../../types/runStatus";
import { plain } from "../format";
import { isScriptPath } from "../ids";
import { concurrency, defaultsFor, pythonEnvironment } from "../settings";
import { loadChecker } from "../language/checker";
import { runsDirFor } from "../disk/runsDirs";
import { messageOf } from "../messageOf";
import type { Runs } from "./runs";
import { JobWatch } from "./jobWatch";
import { ScriptJudges } from "./scriptJudges";

export class RunStarter {
  private readonly own = new Disposables();
  private readonly started = this.own.own(new vscode.EventEmitter<{ id: string; folder: string }>());
  /** The first run of what was submitted, or one that goes on. */
  readonly onDidStart = this.started.event;
  /** Runs started from this window: the user hears at once why one could not train. */
  private watched: readonly string[] = [];
  private keeping = false;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly runs: Runs,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.own.own(runs.onDidChange(() => void this.followUp()));
    this.own.own(new ScriptJudges(context, runs, log));
    this.own.own(new JobWatch(runs));
    this.own.own(vscode.workspace.onDidGrantWorkspaceTrust(() => void this.followUp()));
  }

  /**
   * Submits the experiment in `uri` to the queue: all points of a sweep, of which some start at once; of a script the one run of it.
   *
   * @param overrides  Settings that differ from the file's, each "key.path=value".
   * @param on  Where to run, whatever the file says. @throws UserError for what a cluster refuses; nothing is made then.
   */
  async start(
    uri: vscode.Uri,
    overrides: readonly string[] = [],
    on?: LaunchPlace,
  ): Promise<"started" | "invalid"> {
    const file = uri.fsPath;
    const document = await vscode.workspace.openTextDocument(uri);
    if (document.isDirty) await document.save();
    const { checkExperiment } = await loadChecker();
    const text = isScriptPath(file) ? experimentOfScript(file) : document.getText();
    const { problems, points } = checkExperiment(text, file, {
      ...checkOptions(file),
      defaults: defaultsFor(uri),
      overrides,
    });
    if (points.length === 0) {
      const first = problems.find(({ severity }) => severity === "error");
      this.log.warn(`${file}: ${first?.message ?? "no experiment in it"}`);
      return "invalid";
    }
    const runsDir = runsDirFor(file);
    const requests = points.map((point) => ({
      experiment: launchedOn(atOnce(point.experiment), on),
      file,
      overrides: point.overrides,
    }));
    await checkLaunch(requests, this.process().env);
    const made = submit(runsDir, requests);
    this.log.info(`Queued ${made.map(({ id }) => id).join(", ")}.`);
    await runQueue(runsDir, this.process());
    await this.announce(made[0], made);
    return "started";
  }

  async resume(run: RunRecord): Promise<void> {
    const { folder, info } = run;
    const onWatch = (host: string, seconds: number) =>
      this.log.info(`Run ${info.id} was on ${host}; watching for ${seconds} s whether it still is.`);
    await resumeRun({ folder, onWatch, ...this.process() });
    this.log.info(`Resumed run ${info.id}.`);
    const own = { folder, id: info.id };
    await this.announce(own, [own]);
  }

  private async announce(first: MadeRun, made: readonly MadeRun[]): Promise<void> {
    this.watched = [...this.watched, ...made.map(({ folder }) => folder)];
    await this.runs.refresh();
    this.started.fire(first);
  }

  /** Queues a run that starts from a checkpoint of another. @throws UserError for a wrong step or setting. */
  async branch(run: RunRecord, options: BranchOptions): Promise<void> {
    const { made, step } = submitBranch(run, options);
    this.log.info(`Queued ${made.id}, from ${run.info.id} at step ${step}.`);
    await runQueue(dirname(run.folder), this.process());
    await this.announce(made, [made]);
  }

  /** Asks the run to end; it still writes its verdict. The rest of its sweep goes on. */
  async stop(run: RunRecord): Promise<void> {
    await stopRun(run.folder);
    this.log.info(`Stopped run ${run.info.id}.`);
    await this.runs.refresh();
  }

  /** Stops everything that trains or waits in this workspace. */
  async stopAll(): Promise<void> {
    await stopRuns(this.runs.all.filter(({ status }) => isActive(status)));
    this.log.info("Stopped all runs.");
    await this.runs.refresh();
  }

  /** Keeps queues going whose process was killed, and tells of runs that could not train. */
  private async followUp(): Promise<void> {
    const ended = this.runs.all.filter(
      ({ folder, status }) => this.watched.includes(folder) && !isActive(status),
    );
    this.watched = this.watched.filter((folder) => !ended.some((run) => run.folder === folder));
    for (const run of ended)
      if (run.status === "failed" || run.status === "died") void this.reportFailure(run);
    const waiting = this.runs.all.filter(({ status }) => status === "queued");
    if (this.keeping || waiting.length === 0 || !vscode.workspace.isTrusted) return;
    this.keeping = true;
    try {
      for (const runsDir of new Set(waiting.map(({ folder }) => dirname(folder))))
        await runQueue(runsDir, this.process());
    } catch (error) {
      this.log.error(`The queue could not go on: ${messageOf(error)}`);
    } finally {
      this.keeping = false;
    }
  }

  /** A run that could not train says why in its log; of one that could not say it, its scheduler does. */
  private async reportFailure({ folder, info, status, place }: RunRecord): Promise<void> {
    const said = readLog(folder);
    this.log.error(`Run ${info.id} ${status}:\n${said}`);
    const show = "Show Log";
    const own = said.split("\n").find((line) => line.trim() !== "");
    const theirs = place ? `Slurm: ${place.says}.` : undefined;
    const first = (status === "died" ? (theirs ?? own) : own) ?? "its process ended.";
    const answer = await vscode.window.showErrorMessage(
      `Basin: a run of ${plain(info.experiment.name)} failed. ${plain(first)}`,
      show,
    );
    if (answer === show) await vscode.window.showTextDocument(vscode.Uri.file(join(folder, files.log)));
  }

  /** How a run process is started: our own bundle in this Node. */
  private process(): ProcessOptions {
    return {
      runScript: join(this.context.extensionPath, "dist", "run.js"),
      queueScript: join(this.context.extensionPath, "dist", "queue.js"),
      execPath: process.execPath,
      env: { ...process.env, ...pythonEnvironment(), ELECTRON_RUN_AS_NODE: "1" },
    };
  }

  dispose(): void {
    this.own.dispose();
  }
}

export type LaunchPlace = Experiment["launch"]["on"];

const launchedOn = (experiment: Experiment, on: LaunchPlace | undefined): Experiment =>
  on === undefined ? experiment : { ...experiment, launch: { ...experiment.launch, on } };

/** A script by itself: what it is set to is its own affair, and known once it calls `basin.watch`. */
const experimentOfScript = (file: string): string =>
  JSON.stringify({ name: basename(file, extname(file)), trainer: { python: basename(file) } });

/** How many points of a sweep train at once is the user's where the settings say so. */
function atOnce(experiment: Experiment): Experiment {
  const asked = concurrency();
  return asked === undefined
    ? experiment
    : { ...experiment, launch: { ...experiment.launch, concurrency: asked } };
}
