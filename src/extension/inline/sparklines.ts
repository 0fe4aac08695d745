// Sparklines after the line of a setting: sharpness against its limit at the learning rate, non-uniformity at the batch size; live.
import * as vscode from "vscode";
import { settingChart } from "../../record/settingChart";
import type { Disposables } from "../disposables";
import type { Services } from "../services";
import { sparklineUri } from "./pictures";
import { placesIn } from "./places";
import { isShown } from "./settings";

const size = { width: 96, height: 15 } as const;

export function registerSparklines({ runs, curves, clock, log }: Services, own: Disposables): void {
  const type = own.own(
    vscode.window.createTextEditorDecorationType({
      rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
    }),
  );
  const shown = new WeakMap<vscode.TextEditor, string>();
  const draw = (editor: vscode.TextEditor) => {
    const options = isShown("sparklines") ? decorationsOf(editor.document) : [];
    const now = JSON.stringify(options);
    if (shown.get(editor) === now) return;
    shown.set(editor, now);
    editor.setDecorations(type, options);
  };
  const decorationsOf = (document: vscode.TextDocument): vscode.DecorationOptions[] =>
    placesIn(document, runs)
      .filter(({ swept }) => !swept)
      .flatMap(({ setting, range, runs: [newest] }) => {
        const view = curves.of(newest);
        const chart = view && settingChart(view, setting);
        if (!chart) return [];
        const end = document.lineAt(range.start.line).range.end;
        const after = {
          contentIconPath: sparklineUri(chart, size),
          width: `${size.width}px`,
          height: `${size.height}px`,
          margin: "0 0 0 1.5em",
          textDecoration: "none; vertical-align: text-bottom",
        };
        return [{ range: new vscode.Range(end, end), renderOptions: { after } }];
      });
  const drawAll = () => {
    for (const editor of vscode.window.visibleTextEditors) {
      try {
        draw(editor);
      } catch (error) {
        log.error(`Sparklines of ${editor.document.uri.fsPath}: ${String(error)}`);
      }
    }
  };
  clock.onChange(own, drawAll);
  own.own(vscode.window.onDidChangeVisibleTextEditors(drawAll));
  own.own(
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      for (const editor of vscode.window.visibleTextEditors) if (editor.document === document) draw(editor);
    }),
  );
}
