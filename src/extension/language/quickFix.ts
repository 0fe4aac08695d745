// What a run found stable, offered wherever its settings are written: a learning rate, a batch size, and the run itself between the lines.
import * as vscode from "vscode";
import type { RunRecord } from "../../launchers";
import { chartedSettings } from "../../record/settingChart";
import { flagged } from "../../types/verdict";
import { commandIds } from "../commands/ids";
import type { Disposables } from "../disposables";
import { flaggedCode } from "../ids";
import { placesIn, type SettingPlace } from "../inline/places";
import { stableValue } from "../inline/words";
import type { Services } from "../services";
import { documentPlaces } from "./documentPlaces";
import { FlaggedDiagnostic } from "./flaggedDiagnostics";
import { settingSelector } from "./selectors";

export function registerQuickFix({ runs }: Services, own: Disposables): void {
  const provider: vscode.CodeActionProvider = {
    provideCodeActions: (document, range, { diagnostics }) => {
      // The context holds copies that lost our field: the diagnostics themselves are asked instead.
      const flags = flagsAt(document, range, diagnostics);
      const places = placesIn(document, runs).filter(
        (place) => place.range.intersection(range) !== undefined,
      );
      const meant = [...flags.map(({ flag }) => flag.run), ...places.map(judgedRun)].filter(
        (run) => run !== undefined,
      );
      // The diagnostic of a run and its place are at the same value: one offer of each.
      const each = [...new Map(meant.map((run) => [run.folder, run])).values()];
      return [
        ...each.flatMap((run) => fixes(document, run, { flags, places })),
        ...places.slice(0, 1).map((place) => showHere(document, place)),
      ];
    },
  };
  const providedCodeActionKinds = [vscode.CodeActionKind.QuickFix, vscode.CodeActionKind.RefactorRewrite];
  own.own(
    vscode.languages.registerCodeActionsProvider(settingSelector(), provider, { providedCodeActionKinds }),
  );
}

interface Offered {
  readonly flags: readonly FlaggedDiagnostic[];
  readonly places: readonly SettingPlace[];
}

const judgedRun = ({ runs }: SettingPlace): RunRecord | undefined =>
  runs.find(({ verdict, flag }) => verdict ?? flag);

function flagsAt(
  document: vscode.TextDocument,
  range: vscode.Range,
  given: readonly vscode.Diagnostic[],
): FlaggedDiagnostic[] {
  const known = vscode.languages.getDiagnostics(document.uri);
  return [...new Set([...known, ...given])].filter(
    (diagnostic): diagnostic is FlaggedDiagnostic =>
      diagnostic instanceof FlaggedDiagnostic &&
      diagnostic.code === flaggedCode &&
      diagnostic.range.intersection(range) !== undefined,
  );
}

/** Both settings of a run, each where this file writes it and another value is stable. */
function fixes(
  document: vscode.TextDocument,
  run: RunRecord,
  { flags, places }: Offered,
): vscode.CodeAction[] {
  const written = documentPlaces(document)(run.info)?.written;
  const diagnostics = flags.filter(({ flag }) => flag.run.folder === run.folder);
  const isFlagged = run.verdict ? flagged.includes(run.verdict.verdict) : run.flag !== null;
  return chartedSettings.flatMap((setting) => {
    const [stable, place] = [stableValue(run, setting), written?.get(setting)];
    if (!stable || !place?.isValue) return [];
    const range = new vscode.Range(
      document.positionAt(place.offset),
      document.positionAt(place.offset + place.length),
    );
    if (document.getText(range) === stable.text) return [];
    const { QuickFix, RefactorRewrite } = vscode.CodeActionKind;
    const title = `Set ${place.key} to ${stable.text}, ${stable.why}`;
    const action = new vscode.CodeAction(title, isFlagged ? QuickFix : RefactorRewrite);
    action.edit = new vscode.WorkspaceEdit();
    action.edit.replace(document.uri, range, stable.text);
    action.diagnostics = diagnostics;
    // The setting the cursor is at; where it is at neither, the learning rate.
    const here = places.some((one) => one.setting === setting);
    action.isPreferred = isFlagged && (places.length > 0 ? here : setting === "optimizer.learningRate");
    return [action];
  });
}

function showHere({ uri }: vscode.TextDocument, { setting, range }: SettingPlace): vscode.CodeAction {
  const action = new vscode.CodeAction("Show or hide the run here", vscode.CodeActionKind.RefactorRewrite);
  const { line, character } = range.start;
  action.command = {
    title: action.title,
    command: commandIds.toggleInline,
    arguments: [{ uri: uri.toString(), setting, line, character }],
  };
  return action;
}
