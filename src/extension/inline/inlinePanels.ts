// The inline panel: a zone between the lines of a file, at a setting, with live charts, verdict, numbers and actions. It is a comment
// thread of VS Code's, the one thing that may stand between lines on stable API, and nobody can reply to it.
import * as vscode from "vscode";
import type { ChartedSetting } from "../../record/settingChart";
import { Disposables } from "../disposables";
import { inlineController } from "../ids";
import { isActive } from "../../types/runStatus";
import type { Runs } from "../workspace/runs";
import { markdown, type Shown } from "./content";
import { decodePlaces, type InlinePlace } from "./inlinePlace";
import { isInSight } from "./inSight";
import { panelText } from "./panelText";
import { placesIn, type SettingPlace } from "./places";
import type { InlineClock } from "./inlineClock";
import type { RunCurves } from "./runCurves";
import { settingNames } from "./words";

interface OpenPanel {
  readonly thread: vscode.CommentThread;
  readonly uri: vscode.Uri;
  readonly setting: ChartedSetting;
  /** Follows the text as it is edited. */
  at: vscode.Position;
  /** The folder of the run shown, which stays when the file is set to something else. */
  run: string | undefined;
  explained: boolean;
  body: string;
  /** Its run has moved on while nobody could see it. */
  isBehind: boolean;
}

const stateKey = "basin.inlinePanels";

export class InlinePanels {
  private readonly own = new Disposables();
  private controller: vscode.CommentController | undefined;
  private readonly curves: RunCurves;
  private readonly panels = new Set<OpenPanel>();
  private readonly toggled = this.own.own(new vscode.EventEmitter<void>());
  /** A panel was opened or closed. */
  readonly onDidToggle = this.toggled.event;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly runs: Runs,
    { curves, clock }: { readonly curves: RunCurves; readonly clock: InlineClock },
  ) {
    this.curves = curves;
    clock.onChange(this.own, this.draw);
    this.own.own(vscode.workspace.onDidChangeTextDocument((event) => this.edited(event)));
    this.own.own(vscode.window.onDidChangeVisibleTextEditors(this.draw));
    this.own.own(
      vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor: { document } }) => {
        for (const panel of this.panels)
          if (panel.isBehind && panel.uri.toString() === document.uri.toString()) this.update(panel);
      }),
    );
    this.own.own(vscode.window.tabGroups.onDidChangeTabGroups(this.draw));
  }

  private readonly draw = (): void => {
    this.restore();
    this.panels.forEach((panel) => this.update(panel));
  };

  /** Opens a panel at a setting, or closes the one that stands there. False where no run was ever set to what stands there. */
  toggle(place: InlinePlace): boolean {
    const open = this.openAt(place.uri, place.setting, place.line);
    if (open) {
      this.close(open.thread);
      return true;
    }
    const shown = this.open(place, false);
    if (shown) this.save();
    return shown;
  }

  isOpenAt(uri: vscode.Uri, { setting, range }: SettingPlace): boolean {
    return this.openAt(uri.toString(), setting, range.start.line) !== undefined;
  }

  private openAt(uri: string, setting: ChartedSetting, line: number): OpenPanel | undefined {
    return [...this.panels].find(
      (panel) => panel.uri.toString() === uri && panel.setting === setting && panel.at.line === line,
    );
  }

  /** What a button of a panel was pressed for. */
  shownIn(
    thread: unknown,
  ):
    { readonly run: string | undefined; readonly setting: ChartedSetting; readonly uri: string } | undefined {
    const panel = [...this.panels].find((one) => one.thread === thread);
    return panel && { run: panel.run, setting: panel.setting, uri: panel.uri.toString() };
  }

  close(thread: unknown): void {
    for (const panel of this.panels) {
      if (panel.thread !== thread) continue;
      this.panels.delete(panel);
      panel.thread.dispose();
    }
    this.save();
  }

  /** Shows or hides why the verdict is what it is. */
  explain(thread: unknown): void {
    for (const panel of this.panels)
      if (panel.thread === thread) {
        panel.explained = !panel.explained;
        this.update(panel);
      }
  }

  private open(at: InlinePlace, nearest: boolean): boolean {
    const [uri, setting] = [vscode.Uri.parse(at.uri), at.setting];
    const place = this.placeOf({ uri, setting, at: new vscode.Position(at.line, at.character) }, nearest);
    if (!place) return false;
    // Opened by hand before what was kept of it came back.
    if (this.openAt(at.uri, setting, place.range.start.line)) return true;
    const range = new vscode.Range(place.range.start, place.range.end);
    const thread = this.comments().createCommentThread(uri, range, []);
    thread.canReply = false;
    thread.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
    const panel: OpenPanel = {
      thread,
      uri,
      setting,
      at: place.range.start,
      run: place.runs[0].folder,
      explained: false,
      body: "",
      isBehind: false,
    };
    this.panels.add(panel);
    this.update(panel);
    return true;
  }

  /** Made with the first panel: a workspace without one has no comments. */
  private comments(): vscode.CommentController {
    this.controller ??= this.own.own(vscode.comments.createCommentController(inlineController, "Basin"));
    return this.controller;
  }

  /** The place of a setting that begins or lies in a line; `nearest`: else the one closest to it, as the file may have been edited elsewhere. */
  private placeOf(
    { uri, setting, at }: Pick<OpenPanel, "uri" | "setting" | "at">,
    nearest = false,
  ): SettingPlace | undefined {
    const document = documentOf(uri);
    if (!document) return undefined;
    const own = placesIn(document, this.runs).filter((place) => place.setting === setting);
    return (
      own.find(({ range }) => range.start.isEqual(at)) ??
      own.find(({ range }) => range.start.line === at.line) ??
      (nearest ? own.sort((a, b) => linesFrom(a, at) - linesFrom(b, at))[0] : undefined)
    );
  }

  /** Draws a panel anew where what it says has changed. */
  private update(panel: OpenPanel): void {
    const { thread, uri, setting } = panel;
    const document = documentOf(uri);
    if (!document) return;
    const place = this.placeOf(panel);
    if (place) {
      panel.run = place.runs[0].folder;
      panel.at = place.range.start;
      if (!thread.range?.isEqual(place.range)) thread.range = place.range;
    }
    const run = panel.run === undefined ? undefined : this.runs.byKey(panel.run);
    if (!run) return this.close(thread);
    panel.isBehind = panel.body !== "" && isActive(run.status) && !isInSight(uri, panel.at.line);
    if (panel.isBehind) return;
    const shown: Shown = { setting, run, view: this.curves.of(run) };
    const body = panelText(shown, { uri, place, explained: panel.explained });
    if (body === panel.body) return;
    panel.body = body;
    thread.label = `${settingNames[setting]}: ${this.runs.labelOf(run)}`;
    // What is written elsewhere is not replaced from here.
    thread.contextValue = `${run.verdict ? "judged" : "live"}${place?.isValue === false ? " given" : ""}`;
    const text = markdown();
    text.appendMarkdown(body);
    // Set as a whole: that changes the text in place, and the zone keeps its height.
    thread.comments = [
      {
        author: {
          name: "Basin",
          iconPath: vscode.Uri.joinPath(this.context.extensionUri, "media", "icon.png"),
        },
        body: text,
        mode: vscode.CommentMode.Preview,
      },
    ];
  }

  /** A panel moves with its line. */
  private edited({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    const own = [...this.panels].filter(({ uri }) => uri.toString() === document.uri.toString());
    if (own.length === 0 || contentChanges.length === 0) return;
    for (const panel of own) {
      for (const { range, text } of contentChanges) {
        if (range.end.isAfter(panel.at)) continue;
        const lines = text.split("\n").length - 1 - (range.end.line - range.start.line);
        panel.at = new vscode.Position(Math.max(0, panel.at.line + lines), panel.at.character);
      }
      const { line } = panel.at;
      const end = document.lineAt(Math.min(line, document.lineCount - 1)).range.end;
      panel.thread.range = new vscode.Range(Math.min(line, end.line), 0, end.line, end.character);
      this.update(panel);
    }
    this.save();
  }

  private save(): void {
    const places = [...this.panels].map(({ uri, setting, at }): InlinePlace => ({
      uri: uri.toString(),
      setting,
      line: at.line,
      character: at.character,
    }));
    // Those of files that have not been opened since the reload are kept.
    void this.context.workspaceState.update(stateKey, [...places, ...(this.waiting ?? [])]);
    this.toggled.fire();
  }

  /** Panels of before a reload that are not open again yet: they wait for their file and its runs. */
  private waiting: InlinePlace[] | undefined;

  private restore(): void {
    this.waiting ??= decodePlaces(this.context.workspaceState.get(stateKey)).filter(
      ({ uri, setting }) =>
        ![...this.panels].some((panel) => panel.uri.toString() === uri && panel.setting === setting),
    );
    this.waiting = this.waiting.filter((place) => !this.open(place, true));
  }

  dispose(): void {
    this.own.dispose();
  }
}

const linesFrom = ({ range }: SettingPlace, at: vscode.Position): number =>
  Math.abs(range.start.line - at.line);

const documentOf = (uri: vscode.Uri): vscode.TextDocument | undefined =>
  vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
