// The host's half of the panel: one panel, the run it shows, and the intents it sends. It reads run folders and owns none.
import { join } from "node:path";
import * as vscode from "vscode";
import { commandIds } from "../commands/ids";
import { panelType } from "../ids";
import { Disposables } from "../disposables";
import type { FromPanel, RunSummary, ToPanel } from "../../protocol/panel";
import { stringify } from "../../protocol/numbers";
import { files } from "../../protocol/runFolder";
import type { RunRecord } from "../../launchers";
import type { Runs } from "../workspace/runs";
import { messageOf, type RunStarter } from "../workspace/runStarter";
import { addProbe } from "../language/addProbe";
import { panelHtml, webviewFolder } from "./html";
import { RunFeed } from "./runFeed";

export class PanelHost {
  private readonly own = new Disposables();
  private panel: vscode.WebviewPanel | undefined;
  private ready = false;
  private selected: string | undefined;
  private feed: RunFeed | undefined;
  private sentRuns = "";

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly runs: Runs,
    private readonly starter: RunStarter,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.own.own(runs.onDidChange(() => this.runsChanged()));
  }

  /** Opens or reveals the panel; with `id` it shows that run. */
  show(id?: string, { preserveFocus = false } = {}): void {
    const selected = id ?? this.selected;
    if (this.panel) {
      this.panel.reveal(undefined, preserveFocus);
      if (selected !== this.selected) void this.select(selected);
      return;
    }
    const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus };
    this.adopt(vscode.window.createWebviewPanel(panelType, "Basin", column, {}), selected);
  }

  /** Takes over the panel VS Code kept over a reload, unless the user has opened one since: theirs shows what they chose. */
  restore(panel: vscode.WebviewPanel, id?: string): void {
    if (this.panel) panel.dispose();
    else this.adopt(panel, id);
  }

  private adopt(panel: vscode.WebviewPanel, id?: string): void {
    const { extensionUri } = this.context;
    // First what fails where VS Code has closed the panel in the meantime: a dead panel must not be kept.
    panel.iconPath = vscode.Uri.joinPath(extensionUri, "media", "icon.png");
    panel.webview.options = { enableScripts: true, localResourceRoots: [webviewFolder(extensionUri)] };
    this.panel = panel;
    this.ready = false;
    this.selected = id;
    panel.webview.onDidReceiveMessage((message: FromPanel) => {
      this.receive(message).catch((error: unknown) => {
        this.log.error(`Panel, ${message.kind}: ${String(error)}`);
        void vscode.window.showErrorMessage(`Basin: ${messageOf(error)}`);
      });
    });
    panel.onDidDispose(() => {
      if (this.panel !== panel) return;
      this.panel = undefined;
      this.feed?.dispose();
      this.feed = undefined;
    });
    panel.webview.html = panelHtml(panel.webview, extensionUri);
  }

  private async receive(message: FromPanel): Promise<void> {
    switch (message.kind) {
      case "ready":
        this.ready = true;
        await this.runs.refresh();
        return this.select(this.selected);
      case "command":
        await vscode.commands.executeCommand(commandIds[message.command]);
        return;
      case "select":
        return this.select(message.run);
      case "stop":
        return this.starter.stop(this.need(message.run));
      case "resume":
        if (!vscode.workspace.isTrusted) throw new Error("nothing is trained in an untrusted workspace.");
        return this.starter.resume(this.need(message.run));
      case "openExperiment":
        return open(vscode.Uri.file(this.need(message.run).info.file));
      case "addProbe": {
        const { file, experiment } = this.need(message.run).info;
        return addProbe(file, message.probe, experiment.probes);
      }
      case "openFile":
        return open(vscode.Uri.file(join(this.need(message.run).folder, files[message.file])));
    }
  }

  private need(id: string): RunRecord {
    const run = this.runs.byId(id);
    if (!run) throw new Error(`run ${id} is no longer there.`);
    return run;
  }

  /** Sends a snapshot of the run, then follows it. Without an id: what trains, else the latest. */
  private async select(id: string | undefined): Promise<void> {
    this.feed?.dispose();
    this.feed = undefined;
    const run =
      (id === undefined ? undefined : this.runs.byId(id)) ?? this.runs.running[0] ?? this.runs.all[0];
    this.selected = run?.info.id ?? id;
    if (!this.panel || !this.ready) return;
    this.panel.title = run ? `Basin: ${run.info.experiment.name}` : "Basin";
    this.sentRuns = stringify(this.summaries());
    if (!run) return this.post({ kind: "snapshot", runs: this.summaries(), selected: null });
    const feed = new RunFeed(run);
    this.feed = feed;
    await feed.start(
      (selected) => this.post({ kind: "snapshot", runs: this.summaries(), selected }),
      (message) => this.post(message),
    );
  }

  private runsChanged(): void {
    if (!this.panel || !this.ready) return;
    const gone = this.selected !== undefined && !this.runs.byId(this.selected);
    if (gone || (this.selected === undefined && this.runs.all.length > 0)) return void this.select(undefined);
    const now = stringify(this.summaries());
    if (now === this.sentRuns) return;
    this.sentRuns = now;
    this.post({ kind: "runs", runs: this.summaries() });
  }

  private summaries(): RunSummary[] {
    return this.runs.all.map(({ info, status, verdict, step }) => ({
      id: info.id,
      name: info.experiment.name,
      status,
      step,
      ...(verdict ? { verdict: verdict.verdict } : {}),
    }));
  }

  /** Numbers that are not finite travel as words: message channels between processes are JSON. */
  private post(message: ToPanel): void {
    void this.panel?.webview.postMessage(JSON.parse(stringify(message)));
  }

  dispose(): void {
    this.feed?.dispose();
    this.own.dispose();
  }
}

const open = async (uri: vscode.Uri): Promise<void> => {
  await vscode.window.showTextDocument(uri, { viewColumn: vscode.ViewColumn.One });
};
