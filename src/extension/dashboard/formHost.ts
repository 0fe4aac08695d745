// The host's half of a form: what was typed becomes an edit of the document, or is refused in the checker's words; whoever changes the document, the form follows.
import * as vscode from "vscode";
import { experimentForm, idOf, wordsOfProblem } from "../../protocol/experimentForm";
import { withPart, withTyped } from "../../protocol/fieldEdit";
import type { ExperimentForm, FormField, Refusal } from "../../protocol/formField";
import { withoutProperty } from "../../protocol/jsonEdit";
import type { KeyPath } from "../../protocol/jsonPath";
import { isProbeId, withProbe } from "../../protocol/withProbe";
import type { FromPanel, ToPanel } from "../../record/panelMessages";
import { Disposables } from "../disposables";
import { plain } from "../format";
import { loadChecker } from "../language/checker";
import { isExperiment, isOwnSettings } from "../language/openExperiments";
import { openOptions, openText } from "../language/openOptions";
import type { FormMessage, FormSide } from "../panel/runPage";
import type { Runs } from "../workspace/runs";

/** Milliseconds of quiet after an edit of someone else's. */
const quiet = 120;

type FieldMessage = Extract<FromPanel, { kind: "field" }>;
interface Refused extends Refusal {
  /** What the file said then. */
  readonly written: string | null;
}

export class FormHost implements FormSide {
  private readonly own = new Disposables();
  private readonly changed = this.own.own(new vscode.EventEmitter<void>());
  readonly onDidChange = this.changed.event;
  private readonly refused = new Map<string, Refused>();
  /** Typed and not done yet, by field: a save takes it along. */
  private readonly typing = new Map<string, FieldMessage>();
  /** One change after another, each of the text that the last one left. */
  private last: Promise<unknown> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly document: vscode.TextDocument,
    private readonly runs: Runs,
  ) {
    const { workspace } = vscode;
    this.own.own(
      workspace.onDidChangeTextDocument(({ document: changed }) => {
        // Another experiment may be one that this one extends.
        if (isExperiment(changed) || isOwnSettings(changed)) this.later();
      }),
    );
    this.own.own(
      workspace.onWillSaveTextDocument((event) => {
        if (event.document === this.document && this.typing.size > 0) event.waitUntil(this.typedEdits());
      }),
    );
    this.own.own(workspace.onDidGrantWorkspaceTrust(() => this.changed.fire()));
  }

  async now(): Promise<ToPanel> {
    const form = await this.form();
    return { kind: "form", form, trusted: vscode.workspace.isTrusted };
  }

  receive(message: FormMessage): Promise<void> {
    const done = this.last.then(() => this.do(message));
    this.last = done.catch(() => undefined);
    return done;
  }

  async settled(): Promise<boolean> {
    await this.last;
    const [first] = this.refused.values();
    if (first)
      void vscode.window.showWarningMessage(
        `Basin: ${plain(first.message)} Correct it in the form, or press Escape there.`,
      );
    return first === undefined;
  }

  private async do(message: FormMessage): Promise<void> {
    switch (message.kind) {
      case "field":
        return this.change(message);
      case "addProbe": {
        const probes = this.runs.byKey(message.run)?.info.experiment.probes;
        if (probes && isProbeId(message.probe))
          await this.apply(withProbe(this.document.getText(), message.probe, probes));
        return;
      }
      case "openAt": {
        const at = this.document.positionAt(message.offset);
        await vscode.window.showTextDocument(this.document, {
          viewColumn: vscode.ViewColumn.Beside,
          selection: new vscode.Range(at, at),
        });
      }
    }
  }

  private async change(message: FieldMessage): Promise<void> {
    const { path, change } = message;
    const id = idOf(path);
    if (change === "typing") return void this.typing.set(id, message);
    this.typing.delete(id);
    const text = this.document.getText();
    if (change === "set") {
      const next = await this.typed(text, message);
      if (next !== text) return this.apply(next);
    } else {
      this.refused.delete(id);
      if (change === "remove") return this.apply(withoutProperty(text, path));
      if (change === "add") return this.apply(withPart(text, path));
    }
    this.changed.fire();
  }

  /** The text with what was typed into one field; the same text where that may not stand there, which is then kept as refused. */
  private async typed(text: string, { path, typed }: FieldMessage): Promise<string> {
    const field = (await this.form(text)).fields.find((one) => idOf(one.path) === idOf(path));
    const written = field?.written ?? null;
    this.refused.delete(idOf(path));
    if (typed === (written ?? "")) return text;
    if (typed.trim() === "" && !field?.required) return withoutProperty(text, path);
    const next = withTyped(text, field ?? newField(path), typed);
    const message = await this.refusal(text, next, path);
    if (message === undefined) return next;
    this.refused.set(idOf(path), { typed, message, written });
    return text;
  }

  /** What the checker has against a change of this key, in its words. What the change makes wrong elsewhere is said there. */
  private async refusal(before: string, after: string, path: KeyPath): Promise<string | undefined> {
    const key = path.join(".");
    const { checkExperiment } = await loadChecker();
    const file = this.document.uri.fsPath;
    const errors = (text: string) =>
      checkExperiment(text, file, openOptions(file))
        .problems.filter(({ severity, place }) => severity === "error" && place.file === file)
        .filter(({ place }) => place.key === key || place.key?.startsWith(`${key}.`))
        .map(wordsOfProblem);
    const known = errors(before);
    return errors(after).find((words) => !known.includes(words));
  }

  private async form(text = this.document.getText()): Promise<ExperimentForm> {
    const { checkExperiment } = await loadChecker();
    const file = this.document.uri.fsPath;
    const { problems } = checkExperiment(text, file, openOptions(file));
    const form = experimentForm(text, file, { readText: openText, problems, refused: this.refused });
    // A field that someone else has changed since is no longer what was refused.
    const stale = form.fields.filter(
      ({ path, written, refused }) => refused && this.refused.get(idOf(path))?.written !== written,
    );
    if (stale.length === 0) return form;
    for (const { path } of stale) this.refused.delete(idOf(path));
    return this.form(text);
  }

  /** Replaces what differs, and that alone: a cursor in the text beside stays where it is. */
  private async apply(next: string): Promise<void> {
    const edit = new vscode.WorkspaceEdit();
    edit.set(this.document.uri, this.edits(next));
    if (!(await vscode.workspace.applyEdit(edit)))
      throw new Error("VS Code did not take the change of this file; is it read-only?");
    clearTimeout(this.timer);
    this.changed.fire();
  }

  private edits(next: string): vscode.TextEdit[] {
    const { document } = this;
    const text = document.getText();
    if (next === text) return [];
    let start = 0;
    while (start < Math.min(text.length, next.length) && text[start] === next[start]) start++;
    let end = 0;
    const most = Math.min(text.length, next.length) - start;
    while (end < most && text[text.length - 1 - end] === next[next.length - 1 - end]) end++;
    const range = new vscode.Range(document.positionAt(start), document.positionAt(text.length - end));
    return [vscode.TextEdit.replace(range, next.slice(start, next.length - end))];
  }

  private async typedEdits(): Promise<vscode.TextEdit[]> {
    await this.last;
    let text = this.document.getText();
    for (const message of this.typing.values()) text = await this.typed(text, message);
    this.typing.clear();
    this.later();
    return this.edits(text);
  }

  private later(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.changed.fire(), quiet);
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.own.dispose();
  }
}

/** A key of the user's own, such as one more axis of a sweep. */
const newField = (path: KeyPath): Pick<FormField, "path" | "kind"> => ({ path, kind: "value" });
