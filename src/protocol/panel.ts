// Messages between the extension host and the panel's webview. The webview says `ready`, gets one snapshot, then deltas.
import type { RunEvent } from "./events";
import type { ProbesSpec } from "./experiment";
import type { RunInfo } from "./runFolder";
import type { RunStatus } from "../types/runStatus";
import type { Verdict } from "../types/verdict";

export interface RunSummary {
  readonly id: string;
  readonly name: string;
  readonly status: RunStatus;
  readonly verdict?: Verdict["verdict"];
  readonly step: number;
}

export interface RunSnapshot {
  readonly info: RunInfo;
  readonly status: RunStatus;
  readonly events: readonly RunEvent[];
  readonly verdict: Verdict | null;
}

export type ToPanel =
  | { readonly kind: "snapshot"; readonly runs: readonly RunSummary[]; readonly selected: RunSnapshot | null }
  | { readonly kind: "events"; readonly run: string; readonly events: readonly RunEvent[] }
  | {
      readonly kind: "status";
      readonly run: string;
      readonly status: RunStatus;
      readonly verdict: Verdict | null;
    }
  | { readonly kind: "runs"; readonly runs: readonly RunSummary[] };

/** Intents: the webview says what was picked, the host decides. */
export type FromPanel =
  | { readonly kind: "ready" }
  | { readonly kind: "command"; readonly command: "run" | "newExperiment" }
  | { readonly kind: "select"; readonly run: string }
  | { readonly kind: "stop"; readonly run: string }
  | { readonly kind: "resume"; readonly run: string }
  | { readonly kind: "openExperiment"; readonly run: string }
  /** Into the experiment file, for its next run. */
  | { readonly kind: "addProbe"; readonly run: string; readonly probe: keyof ProbesSpec }
  | { readonly kind: "openFile"; readonly run: string; readonly file: "run" | "events" | "verdict" };
