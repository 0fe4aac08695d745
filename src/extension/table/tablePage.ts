// The page with the table of runs: it is told rows while it can be seen, keeps its layout with the workspace, and what it asks for is done by the commands that do it elsewhere.
import * as vscode from "vscode";
import { homeOf } from "../../protocol/script";
import { flagged } from "../../types/verdict";
import { statusWords } from "../../types/runStatus";
import type { RunRecord } from "../../record/runRecord";
import type { RowWords } from "../../record/runRow";
import { decodeLayout, type TableLayout } from "../../record/tableLayout";
import {
  decodeFromTable,
  encodeToTable,
  type ColumnChoice,
  type FromTable,
  type TableAction,
  type ToTable,
} from "../../record/tableMessages";
import { commandIds } from "../commands/ids";
import { Disposables } from "../disposables";
import { plain } from "../format";
import { markOf } from "../inline/words";
import { servePage } from "../panel/servePage";
import { mayAct } from "../readOnly";
import type { Services } from "../services";
import { BestReadings } from "./bestReadings";
import { RowFeed } from "./rowFeed";
import { verdictWords } from "../../types/verdictWords";

const stateKey = "basin.table";
/** A run that trains moves on twice a second: its row need not. */
const tellMilliseconds = 500;

const commandOf: Readonly<Record<TableAction, string>> = {
  compare: commandIds.compare,
  rename: commandIds.rename,
  note: commandIds.editNote,
  tags: commandIds.editTags,
  pin: commandIds.pin,
  unpin: commandIds.unpin,
  delete: commandIds.deleteRun,
};

export class TablePage {
  private readonly own = new Disposables();
  private readonly feed = new RowFeed((run) => this.wordsOf(run));
  private readonly best: BestReadings;
  private layout: TableLayout;
  /** The page listens: it was loaded and is not hidden. */
  private ready = false;
  private timer: NodeJS.Timeout | undefined;
  private toldAt = -Infinity;

  constructor(
    private readonly webview: vscode.Webview,
    private readonly services: Services,
  ) {
    const { context, runs, comparison } = services;
    this.layout = decodeLayout(context.workspaceState.get<unknown>(stateKey));
    this.best = this.own.own(new BestReadings(runs.source, () => this.tell()));
    this.own.own(runs.onDidChange(() => this.tellSoon()));
    this.own.own(comparison.onDidChange(() => this.sendTicked()));
    this.own.own(vscode.workspace.onDidGrantWorkspaceTrust(() => this.sendLayout()));
    this.own.own(
      servePage(webview, services, {
        page: "table",
        name: "Runs",
        decode: decodeFromTable,
        receive: (message) => this.receive(message),
      }),
    );
  }

  /** VS Code throws a hidden page away and loads it anew, which then says that it is ready. */
  hidden(): void {
    this.ready = false;
    this.feed.forget();
  }

  private async receive(message: FromTable): Promise<void> {
    const { runs, comparison } = this.services;
    switch (message.kind) {
      case "ready":
        this.hidden();
        this.ready = true;
        this.sendLayout();
        this.sendTicked();
        await runs.refresh();
        return this.tell();
      case "open":
        await vscode.commands.executeCommand(commandIds.openPanel, { run: message.run });
        return;
      case "tick":
        return comparison.tick(message.runs, message.on);
      case "act":
        await vscode.commands.executeCommand(commandOf[message.action], { runs: message.runs });
        return;
      case "layout":
        return this.keep(message.layout);
      case "chooseColumns":
        return this.choose(message.columns);
    }
  }

  private keep(layout: TableLayout): void {
    this.layout = layout;
    void this.services.context.workspaceState.update(stateKey, layout);
    this.wantBest();
  }

  /** In the editor's own list, with search. What is chosen keeps its place, what is new comes last. */
  private async choose(columns: readonly ColumnChoice[]): Promise<void> {
    const items = columns.map(({ id, title, group, shown }) => ({
      label: plain(title),
      description: `${group} · ${plain(id.slice(id.indexOf(":") + 1))}`,
      picked: shown,
      id,
    }));
    const picked = await vscode.window.showQuickPick(items, {
      canPickMany: true,
      matchOnDescription: true,
      placeHolder: "Columns of the table of runs",
    });
    if (!picked) return;
    const ids = picked.map(({ id }) => id);
    const before = this.layout.columns ?? columns.filter(({ shown }) => shown).map(({ id }) => id);
    const kept = before.filter((id) => ids.includes(id));
    this.keep({ ...this.layout, columns: [...kept, ...ids.filter((id) => !kept.includes(id))] });
    this.sendLayout();
  }

  private wordsOf(run: RunRecord): RowWords {
    const { verdict, status, flag } = run;
    return {
      label: this.services.runs.labelOf(run),
      file: homeOf(run.info) === "" ? "" : vscode.workspace.asRelativePath(homeOf(run.info)),
      mark: markOf(run),
      says: verdict ? verdictWords(verdict).short : statusWords[status],
      flagged: verdict ? flagged.includes(verdict.verdict) : flag !== null,
      best: this.best.of(run),
    };
  }

  private tellSoon(): void {
    if (this.timer || !this.ready) return;
    const wait = Math.max(0, this.toldAt + tellMilliseconds - performance.now());
    this.timer = setTimeout(() => this.tell(), wait);
  }

  private tell(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.ready) return;
    this.toldAt = performance.now();
    const news = this.feed.next(this.services.runs.all);
    if (news) this.post(news);
    this.wantBest();
  }

  private wantBest(): void {
    if (this.ready && this.layout.columns?.some((id) => id.startsWith("best:")))
      this.best.want(this.services.runs.all);
  }

  private sendTicked(): void {
    this.post({ kind: "ticked", ticked: this.services.comparison.all });
  }

  private sendLayout(): void {
    this.post({ kind: "layout", layout: this.layout, mayWrite: mayAct() });
  }

  private post(message: ToTable): void {
    if (this.ready) void this.webview.postMessage(encodeToTable(message));
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.own.dispose();
  }
}
