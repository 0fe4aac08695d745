// The page that draws runs over one another: it is told which runs are compared, is fed the log of each while it can be seen, and what it asks for is done.
import * as vscode from "vscode";
import { stringify } from "../../protocol/numbers";
import {
  decodeFromCompare,
  encodeToCompare,
  type ComparedRun,
  type FromCompare,
  type ToCompare,
} from "../../record/compareMessages";
import type { RunRecord } from "../../record/runRecord";
import { isActive, statusWords } from "../../types/runStatus";
import { commandIds } from "../commands/ids";
import { Disposables } from "../disposables";
import { markOf } from "../inline/words";
import { servePage } from "../panel/servePage";
import { RunFeed } from "../panel/runFeed";
import { mayAct } from "../readOnly";
import type { Services } from "../services";
import { verdictWords } from "../../types/verdictWords";

export type CompareServices = Pick<Services, "context" | "runs" | "comparison" | "log">;

export class ComparePage {
  private readonly own = new Disposables();
  /** The page listens: it was loaded and is not hidden. */
  private ready = false;
  private readonly feeds = new Map<string, RunFeed>();
  /** Runs whose next piece takes the place of all that was sent. */
  private readonly anew = new Set<string>();
  private told = "";

  constructor(
    private readonly webview: vscode.Webview,
    private readonly services: CompareServices,
  ) {
    const { runs, comparison } = services;
    this.own.own(runs.onDidChange(() => this.refresh()));
    this.own.own(comparison.onDidChange(() => this.refresh()));
    this.own.own(
      servePage(webview, services, {
        page: "compare",
        name: "Compare",
        decode: decodeFromCompare,
        receive: (message) => this.receive(message),
      }),
    );
  }

  /** VS Code throws a hidden page away and loads it anew, which then says that it is ready: until then nothing is read for it. */
  hidden(): void {
    this.ready = false;
    for (const feed of this.feeds.values()) feed.dispose();
    this.feeds.clear();
    this.told = "";
  }

  private async receive(message: FromCompare): Promise<void> {
    switch (message.kind) {
      case "ready":
        this.hidden();
        this.ready = true;
        await this.services.runs.refresh();
        return this.refresh();
      case "received":
        return this.feeds.get(message.run)?.received();
      case "open":
        await vscode.commands.executeCommand(commandIds.openPanel, { run: message.run });
        return;
      case "remove":
        return this.services.comparison.tick([message.run], false);
      case "pick":
        await vscode.commands.executeCommand(commandIds.compare);
        return;
    }
  }

  private refresh(): void {
    if (!this.ready) return;
    const { comparison } = this.services;
    const compared = [...comparison.compared].sort(([, a], [, b]) => a - b);
    const runs = compared.map(([run, slot]) => this.toldOf(run, slot));
    const more = comparison.all.filter(([, slot]) => slot === null).length;
    const now = stringify([runs, more]);
    if (now !== this.told) {
      this.told = now;
      this.post({ kind: "runs", runs, more });
    }
    const keys = new Set(compared.map(([{ folder }]) => folder));
    for (const [key, feed] of this.feeds)
      if (!keys.has(key)) {
        feed.dispose();
        this.feeds.delete(key);
      }
    for (const [run] of compared) {
      const feed = this.feeds.get(run.folder);
      if (feed) feed.wake();
      else this.follow(run.folder);
    }
  }

  private toldOf(run: RunRecord, slot: number): ComparedRun {
    const { folder, info, status, verdict, flag } = run;
    const says = verdict ? verdictWords(verdict).short : statusWords[status];
    const label = this.services.runs.nameOf(run);
    return { key: folder, slot, info, label, status, verdict, flag, mark: markOf(run), says };
  }

  /** Tells a run's log from its beginning. */
  private follow(folder: string): void {
    const { runs } = this.services;
    this.feeds.get(folder)?.dispose();
    this.anew.add(folder);
    const feed = new RunFeed({
      folder,
      log: runs.source.log(folder),
      isActive: () => isActive(runs.byKey(folder)?.status ?? "died"),
      mayWrite: mayAct,
      post: (message) => {
        if (message.kind === "series") this.post({ ...message, anew: this.anew.delete(folder) });
      },
      onRestart: () => this.follow(folder),
    });
    this.feeds.set(folder, feed);
    feed.start();
  }

  private post(message: ToCompare): void {
    if (this.ready) void this.webview.postMessage(encodeToCompare(message));
  }

  dispose(): void {
    this.hidden();
    this.own.dispose();
  }
}
