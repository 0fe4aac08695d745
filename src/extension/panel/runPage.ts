// One page that shows a run: it is told which run, is fed its log while it can be seen, and its intents are done. Panel, view and dashboard differ in which run that is.
import * as vscode from "vscode";
import type { BranchFrom } from "../commands/branch";
import { commandIds } from "../commands/ids";
import { pickRun } from "../commands/pickRun";
import { Disposables } from "../disposables";
import { isProbeId } from "../../protocol/withProbe";
import { files } from "../../protocol/runFolder";
import { homeOf } from "../../protocol/script";
import { decodeFromPanel, encodeMessage, type FromPanel, type ToPanel } from "../../record/panelMessages";
import type { RunRecord } from "../../launchers";
import { isExperimentPath } from "../ids";
import { whyReadOnly, isReadOnly } from "../readOnly";
import type { Services } from "../services";
import { addProbe } from "../language/addProbe";
import type { PageName } from "./html";
import { servePage } from "./servePage";
import { RunFollower } from "./runFollower";
import { saveImage } from "./saveImage";

export type PageServices = Pick<Services, "context" | "runs" | "starter" | "log">;

export interface PageOptions {
  readonly page: PageName;
  /** The run to show, given the folder of the one shown or picked so far; asked again whenever the runs change. */
  readonly choose: (folder: string | undefined) => RunRecord | undefined;
  /** The file whose runs it shows, which its Run button runs. */
  readonly file?: () => vscode.Uri | undefined;
  readonly onShow?: (run: RunRecord | undefined) => void;
  /** The file as a form beside its run. */
  readonly form?: FormSide;
}

/** What answers for the form on a page. */
export interface FormSide {
  /** Something of the form is another now. */
  readonly onDidChange: vscode.Event<void>;
  /** The form as it is now. */
  now(): Promise<ToPanel>;
  receive(message: FormMessage): Promise<void>;
  /** Whether all that was typed stands in the file; says so where it does not. */
  settled(): Promise<boolean>;
}

export type FormMessage = Extract<FromPanel, { kind: "field" | "openAt" | "addProbe" }>;

export class RunPage {
  private readonly own = new Disposables();
  /** The page listens: it was loaded and is not hidden. */
  private ready = false;
  /** The folder of the run shown or wished for. */
  private picked: string | undefined;
  private readonly follower: RunFollower;
  /** A chart to be brought into sight. */
  private wanted: string | undefined;
  /** What the page was last told to show. */
  private told: { readonly run: string | undefined; readonly file: string | undefined } | undefined;

  constructor(
    private readonly webview: vscode.Webview,
    private readonly services: PageServices,
    private readonly options: PageOptions,
  ) {
    const { runs } = services;
    this.follower = new RunFollower(runs, (message) => this.post(message));
    this.own.own(runs.onDidChange(() => this.refresh()));
    if (options.form) this.own.own(options.form.onDidChange(() => void this.sendForm()));
    this.own.own(
      servePage(webview, services, {
        page: options.page,
        name: "Panel",
        decode: decodeFromPanel,
        receive: (message) => this.receive(message),
      }),
    );
  }

  /** The folder of the run shown or wished for. */
  get run(): string | undefined {
    return this.picked;
  }

  /** Shows a run from its beginning; without one, what the page shows by itself. */
  select(folder: string | undefined): void {
    const run = this.options.choose(folder);
    this.picked = run?.folder ?? folder;
    if (this.ready) this.follow(run);
  }

  /** Brings a chart of the run into sight, now or as soon as the page is there. */
  reveal(chart: string): void {
    this.wanted = chart;
    this.sendWanted();
  }

  /** Something may be another one now: the runs, or the file that is followed. */
  refresh(): void {
    if (!this.ready) return;
    const run = this.options.choose(this.picked);
    const { told } = this;
    if (!told || run?.folder !== told.run || this.fileName() !== told.file) return this.select(this.picked);
    if (run) this.follower.refresh(run);
  }

  /** VS Code throws a hidden page away and loads it anew, which then says that it is ready: until then nothing is read for it. */
  hidden(): void {
    this.ready = false;
    this.follower.stop();
  }

  private async receive(message: FromPanel): Promise<void> {
    const { runs, starter } = this.services;
    const { form } = this.options;
    switch (message.kind) {
      case "ready":
        this.ready = true;
        await this.sendForm();
        await runs.refresh();
        return this.select(this.picked);
      case "received":
        return this.follower.received();
      case "command":
        if (message.command === "run" && form && !(await form.settled())) return;
        await vscode.commands.executeCommand(commandIds[message.command], this.options.file?.());
        return;
      case "pickRun":
        return this.pick();
      case "openPanel":
        await vscode.commands.executeCommand(commandIds.openPanel, { run: this.need(message.run).folder });
        return;
      case "stop":
        needAction();
        return starter?.stop(this.need(message.run));
      case "resume":
        needAction();
        return starter?.resume(this.need(message.run));
      case "openExperiment":
        return open(runs.source.uriOfFile(homeOf(this.need(message.run).info)));
      case "addProbe": {
        if (form) return form.receive(message);
        needAction();
        const { file, experiment } = this.need(message.run).info;
        if (!isExperimentPath(file))
          throw new Error("this run's script says what is measured: basin.watch(…, probes=[…]).");
        if (isProbeId(message.probe)) await addProbe(file, message.probe, experiment.probes);
        return;
      }
      case "branch": {
        const { learningRate, batchSize, step } = message;
        const batch = batchSize === null ? "" : ` optimizer.batchSize=${batchSize}`;
        const from: BranchFrom = {
          run: this.need(message.run).folder,
          upTo: step,
          settings: `optimizer.learningRate=${learningRate}${batch}`,
        };
        await vscode.commands.executeCommand(commandIds.branch, from);
        return;
      }
      case "saveImage":
        needAction();
        return saveImage(homeOf(this.need(message.run).info), message);
      case "openFile":
        return open(runs.source.uriIn(this.need(message.run).folder, files[message.file]));
      case "field":
      case "openAt":
        return form?.receive(message);
    }
  }

  private need(folder: string): RunRecord {
    const run = this.services.runs.byKey(folder);
    if (!run) throw new Error(`run ${folder} is no longer there.`);
    return run;
  }

  private fileName(): string | undefined {
    const uri = this.options.file?.();
    return uri ? vscode.workspace.asRelativePath(uri) : undefined;
  }

  private follow(run: RunRecord | undefined): void {
    this.options.onShow?.(run);
    const file = this.fileName();
    this.told = { run: run?.folder, file };
    this.follower.follow(run, file);
    this.sendWanted();
  }

  private sendWanted(): void {
    if (this.wanted === undefined || !this.ready || this.picked === undefined) return;
    this.post({ kind: "reveal", run: this.picked, chart: this.wanted });
    this.wanted = undefined;
  }

  private async pick(): Promise<void> {
    const texts = { placeHolder: "Run to show", none: "there is no run yet." };
    const run = await pickRun(this.services, undefined, () => true, texts);
    if (run) this.select(run.folder);
  }

  private async sendForm(): Promise<void> {
    if (this.ready && this.options.form) this.post(await this.options.form.now());
  }

  private post(message: ToPanel): void {
    if (this.ready) void this.webview.postMessage(encodeMessage(message));
  }

  dispose(): void {
    this.hidden();
    this.own.dispose();
  }
}

const open = async (uri: vscode.Uri): Promise<void> => {
  await vscode.window.showTextDocument(uri, { viewColumn: vscode.ViewColumn.One });
};

/** @throws Error where nothing may be done. */
function needAction(): void {
  if (isReadOnly()) throw new Error(whyReadOnly);
  if (!vscode.workspace.isTrusted)
    throw new Error("in an untrusted workspace nothing is run, stopped or written.");
}
