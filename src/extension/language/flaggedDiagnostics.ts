// A flagged run marks the learning rate of its experiment: why it breaks linear stability, with the numbers.
import * as vscode from "vscode";
import type { Disposables } from "../disposables";
import { diagnosticSource, flaggedCode } from "../ids";
import type { Services } from "../services";
import type { Flag } from "../workspace/flaggedRuns";
import { learningRatesIn } from "./learningRates";
import { eachOpenExperiment } from "./openExperiments";

/** A diagnostic that carries the value its quick fix sets. */
export class FlaggedDiagnostic extends vscode.Diagnostic {
  constructor(
    range: vscode.Range,
    message: string,
    readonly largestStable: number | null,
  ) {
    super(range, message, vscode.DiagnosticSeverity.Warning);
    this.source = diagnosticSource;
    this.code = flaggedCode;
  }
}

export function registerFlaggedDiagnostics({ flagged, log }: Services, own: Disposables): void {
  const collection = own.own(vscode.languages.createDiagnosticCollection(flaggedCode));
  const look = (document: vscode.TextDocument) => {
    try {
      collection.set(document.uri, diagnosticsOf(document, flagged.of(document.uri.fsPath)));
    } catch (error) {
      log.error(`Flagging ${document.uri.fsPath}: ${String(error)}`);
    }
  };
  const again = eachOpenExperiment(own, look, (uri) => collection.delete(uri));
  own.own(flagged.onDidChange(again));
}

/** Only where the file still says the learning rate the run used. */
function diagnosticsOf(document: vscode.TextDocument, flags: readonly Flag[]): FlaggedDiagnostic[] {
  return learningRatesIn(document.getText()).flatMap(({ value, offset, length }) => {
    const flag = flags.find(({ verdict }) => verdict.settings.learningRate === value);
    if (!flag) return [];
    const range = new vscode.Range(document.positionAt(offset), document.positionAt(offset + length));
    return [new FlaggedDiagnostic(range, messageOf(flag), flag.verdict.largestStableLearningRate)];
  });
}

export function messageOf({ run, verdict }: Flag): string {
  const lines = [verdict.summary, ...verdict.reasons.map((reason) => `• ${reason}`)];
  return [...lines, `Run ${run.info.id}, step ${verdict.step}.`].join("\n");
}
