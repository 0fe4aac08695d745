// The host's half of the panel: one panel, the run it shows, and the intents it sends. It reads run folders and owns none.
import { join } from "node:path";
import * as vscode from "vscode";
import { commandIds } from "../commands/ids";
import { panelType } from "../ids";
import { Disposables } from "../disposables";
import { plain } from "../format";
import { stringify } from "../../protocol/numbers";
import { isProbeId } from "../../protocol/withProbe";
import { files } from "../../protocol/runFolder";
import {
  decodeFromPanel,
  encodeMessage,
  type FromPanel,
  type RunState,
  type RunSummary,
  type ToPanel,
} from "../../record/panelMessages";
import { isActive } from "../../types/runStatus";
import type { RunRecord } from "../../launchers";
import type { Runs } from "../workspace/runs";
import { messageOf, type RunStarter } from "../workspace/runStarter";
import { panelColumn } from "../settings";
import { addProbe } from "../language/addProbe";
import { panelHtml, webviewFolder } from "./html";
import { RunFeed } from "./runFeed";

export class PanelHost {
  private readonly own = new Disposables();
  private panel: vscode.WebviewPanel | undefined;
  private ready = false;
  /** The folder of the run shown. */
  private selected: string | undefined;
  private feed: RunFeed | undefined;
  private sentRuns = "";
  private sentState = "";

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly runs: Runs,
    private readonly starter: RunStarter,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.own.own(runs.onDidChange(() => this.runsChanged()));
  }

  /** Opens or reveals the panel; with `run`, a run's folder, it shows that run. */
  show(run?: string, { preserveFocus = false } = {}): void {
    const selected = run ?? this.selected;
    if (this.panel) {
      this.panel.reveal(undefined, preserveFocus);
      if (selected !== this.selected) this.select(selected);
      return;
    }
    const column = { viewColumn: panelColumn(), preserveFocus };
    this.adopt(vscode.window.createWebviewPanel(panelType, "Basin", column, {}), selected);
  }

  /** Takes over the panel VS Code kept over a reload, unless the user has opened one since: theirs shows what they chose. */
  restore(panel: vscode.WebviewPanel, run?: string): void {
    if (this.panel) panel.dispose();
    else this.adopt(panel, run);
  }

  private adopt(panel: vscode.WebviewPanel, run?: string): void {
    const { extensionUri } = this.context;
    // First what fails where VS Code has closed the panel in the meantime: a dead panel must not be kept.
    panel.iconPath = vscode.Uri.joinPath(extensionUri, "media", "icon.png");
    panel.webview.options = { enableScripts: true, localResourceRoots: [webviewFolder(extensionUri)] };
    this.panel = panel;
    this.ready = false;
    this.selected = run;
    panel.webview.onDidReceiveMessage((raw: unknown) => {
      const message = decodeFromPanel(raw);
      if (!message) return this.log.warn("Panel: a message that is none.");
      this.receive(message).catch((error: unknown) => {
        this.log.error(`Panel, ${message.kind}: ${String(error)}`);
        void vscode.window.showErrorMessage(`Basin: ${plain(messageOf(error))}`);
      });
    });
    panel.onDidDispose(() => {
      if (this.panel !== panel) return;
      this.panel = undefined;
      this.follow(undefined);
    });
    panel.webview.html = panelHtml(panel.webview, extensionUri);
  }

  private async receive(message: FromPanel): Promise<void> {
    switch (message.kind) {
      case "ready":
        this.ready = true;
        this.sentRuns = "";
        await this.runs.refresh();
        return this.select(this.selected);
      case "received":
        return this.feed?.received();
      case "command":
        await vscode.commands.executeCommand(commandIds[message.command]);
        return;
      case "select":
        return this.select(message.run);
      case "stop":
        needTrust();
        return this.starter.stop(this.need(message.run));
      case "resume":
        needTrust();
        return this.starter.resume(this.need(message.run));
      case "openExperiment":
        return open(vscode.Uri.file(this.need(message.run).info.file));
      case "addProbe": {
        needTrust();
        const { file, experiment } = this.need(message.run).info;
        if (isProbeId(message.probe)) await addProbe(file, message.probe, experiment.probes);
        return;
      }
      case "openFile":
        return open(vscode.Uri.file(join(this.need(message.run).folder, files[message.file])));
    }
  }

  private need(folder: string): RunRecord {
    const run = this.runs.byKey(folder);
    if (!run) throw new Error(`run ${folder} is no longer there.`);
    return run;
  }

  /** Shows a run from its beginning and follows it. Without one: what trains, else the latest. */
  private select(folder: string | undefined): void {
    const run =
      (folder === undefined ? undefined : this.runs.byKey(folder)) ??
      this.runs.running[0] ??
      this.runs.all[0];
    this.selected = run?.folder ?? folder;
    if (!this.panel || !this.ready) return;
    this.panel.title = run ? `Basin: ${run.info.experiment.name}` : "Basin";
    this.sendRuns();
    this.follow(run);
  }

  private follow(run: RunRecord | undefined): void {
    this.feed?.dispose();
    this.feed = undefined;
    if (!this.panel || !this.ready) return;
    if (!run) return this.post({ kind: "select", run: null });
    const { folder, info } = run;
    const state = stateOf(run);
    this.sentState = stringify(state);
    this.post({ kind: "select", run: { key: folder, info, ...state } });
    this.feed = new RunFeed({
      folder,
      isActive: () => isActive(this.runs.byKey(folder)?.status ?? "died"),
      mayWrite: () => vscode.workspace.isTrusted,
      post: (message) => this.post(message),
      onRestart: () => this.follow(this.runs.byKey(folder)),
    });
    this.feed.start();
  }

  private runsChanged(): void {
    if (!this.panel || !this.ready) return;
    const run = this.selected === undefined ? undefined : this.runs.byKey(this.selected);
    // The run shown was deleted, or there was none: anything else the user looks at stays.
    if (!run) return this.select(undefined);
    this.sendRuns();
    const state = stateOf(run);
    const now = stringify(state);
    if (now === this.sentState) return;
    this.sentState = now;
    this.post({ kind: "status", run: run.folder, ...state });
    this.feed?.wake();
  }

  private sendRuns(): void {
    const runs = this.runs.all.map(summaryOf);
    const now = stringify(runs);
    if (now === this.sentRuns) return;
    this.sentRuns = now;
    this.post({ kind: "runs", runs });
  }

  private post(message: ToPanel): void {
    void this.panel?.webview.postMessage(encodeMessage(message));
  }

  dispose(): void {
    this.feed?.dispose();
    this.own.dispose();
  }
}

const stateOf = ({ status, verdict, flag }: RunRecord): RunState => ({ status, verdict, flag });

const summaryOf = ({ folder, info, status, verdict }: RunRecord): RunSummary => ({
  key: folder,
  id: info.id,
  name: info.experiment.name,
  status,
  ...(verdict ? { verdict: verdict.verdict } : {}),
});

const open = async (uri: vscode.Uri): Promise<void> => {
  await vscode.window.showTextDocument(uri, { viewColumn: vscode.ViewColumn.One });
};

/** @throws Error where the workspace is not trusted. */
function needTrust(): void {
  if (!vscode.workspace.isTrusted)
    throw new Error("in an untrusted workspace nothing is run, stopped or written.");
}
