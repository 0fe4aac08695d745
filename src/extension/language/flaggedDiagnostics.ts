// A flagged run marks the setting of its experiment: why it breaks linear stability, with the numbers.
import * as vscode from "vscode";
import { onlyMeanSquare } from "../../types/verdict";
import type { Disposables } from "../disposables";
import { shortNumber } from "../format";
import { diagnosticSource, flaggedCode } from "../ids";
import { labelOf } from "../runLabel";
import type { Services } from "../services";
import type { Flag, FlaggedRuns } from "../workspace/flaggedRuns";
import { documentPlaces, hasSettings } from "./documentPlaces";
import { eachOpenExperiment } from "./openExperiments";

/** A diagnostic that knows its run: a quick fix sets what that found stable. */
export class FlaggedDiagnostic extends vscode.Diagnostic {
  constructor(
    range: vscode.Range,
    readonly flag: Flag,
  ) {
    const { Error, Warning } = vscode.DiagnosticSeverity;
    super(range, messageOf(flag), isCertain(flag) ? Error : Warning);
    this.source = diagnosticSource;
    this.code = flaggedCode;
  }
}

/** While a run trains its flag may still be withdrawn; and where a typical run comes back, spikes are all there is to expect. */
const isCertain = (flag: Flag): boolean => flag.kind === "verdict" && !onlyMeanSquare(flag.verdict);

export function registerFlaggedDiagnostics({ flagged, log }: Services, own: Disposables): void {
  const collection = own.own(vscode.languages.createDiagnosticCollection(flaggedCode));
  const mark = (document: vscode.TextDocument) => {
    try {
      collection.set(document.uri, diagnosticsOf(document, flagged));
    } catch (error) {
      log.error(`Flagging ${document.uri.fsPath}: ${String(error)}`);
    }
  };
  const again = eachOpenExperiment(own, mark, (uri) => collection.delete(uri), hasSettings);
  own.own(flagged.onDidChange(again));
}

/** Only where the file still says what the run was set to. */
function diagnosticsOf(document: vscode.TextDocument, flagged: FlaggedRuns): FlaggedDiagnostic[] {
  const file = document.uri.fsPath;
  const flags = flagged.of(file);
  if (flags.length === 0) return [];
  const placesOf = documentPlaces(document);
  const latest = flagged.latestJudged(file);
  return flags.flatMap((flag) => {
    const marked = placesOf(flag.run.info)?.marked;
    // What gets its value from elsewhere is at another value with every run: the latest alone speaks of it.
    if (!marked || (!marked.isValue && flag.run !== latest)) return [];
    const { offset, length } = marked;
    const range = new vscode.Range(document.positionAt(offset), document.positionAt(offset + length));
    return [new FlaggedDiagnostic(range, flag)];
  });
}

function messageOf(flag: Flag): string {
  const { run } = flag;
  const which = `Run ${labelOf(run)} (${run.info.id})`;
  if (flag.kind === "verdict") {
    const { summary, reasons, step } = flag.verdict;
    return [summary, ...reasons.map((reason) => `• ${reason}`), `${which}, step ${step}.`].join("\n");
  }
  const { learningRate, limit, readings, since, step } = flag.flag;
  return [
    `Learning rate ${shortNumber(learningRate)} has been above its limit ${shortNumber(limit)} for ${readings} readings, since step ${since}, and the loss does not fall. The run still trains; this may change.`,
    `${which}, step ${step}.`,
  ].join("\n");
}
