// Everything shown inside an experiment file: check diagnostics, flagged runs with their quick fix, and the Run lens.
import type { Disposables } from "../disposables";
import type { Services } from "../services";
import { registerCheckDiagnostics } from "./checkDiagnostics";
import { registerFlaggedDiagnostics } from "./flaggedDiagnostics";
import { registerQuickFix } from "./quickFix";
import { registerTypoFix } from "./typoFix";
import { registerRunLens } from "./runLens";
import { registerWatchFix } from "../script/watchFix";

export function registerLanguage(services: Services, own: Disposables): void {
  registerCheckDiagnostics(services, own);
  registerFlaggedDiagnostics(services, own);
  registerQuickFix(services, own);
  registerTypoFix(own);
  registerRunLens(services, own);
  registerWatchFix(own);
}
