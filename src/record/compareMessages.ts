// Messages between the extension host and the page that draws runs over one another. The page says `ready`; the host tells which runs, and the series of each in deltas.
import { tagNumbers, untagNumbers } from "../protocol/numbers";
import type { RunInfo } from "../protocol/runFolder";
import { isRaw } from "./decode";
import type { RunState } from "./panelMessages";
import type { SeriesDelta } from "./transfer";

/** A run with its place among the colours. */
export interface ComparedRun extends RunState {
  /** The run's folder. */
  readonly key: string;
  readonly slot: number;
  readonly info: RunInfo;
  /** Verdict, or status where there is none, as a sign and as a word. */
  readonly mark: string;
  readonly says: string;
}

export type ToCompare =
  /** All of them, in the order of their colours; `more` were ticked beyond the last colour. */
  | { readonly kind: "runs"; readonly runs: readonly ComparedRun[]; readonly more: number }
  /** `anew`: what the page has of this run no longer holds. Answered with `received`, as for the panel. */
  | { readonly kind: "series"; readonly run: string; readonly delta: SeriesDelta; readonly anew: boolean };

/** Intents; `run` is a key. */
export type FromCompare =
  | { readonly kind: "ready" }
  | { readonly kind: "received"; readonly run: string }
  | { readonly kind: "open"; readonly run: string }
  | { readonly kind: "remove"; readonly run: string }
  /** In the editor's own list. */
  | { readonly kind: "pick" };

const longestKey = 4096;

/** A message of the page, checked; null for what is none. */
export function decodeFromCompare(raw: unknown): FromCompare | null {
  if (!isRaw(raw)) return null;
  const { kind, run } = raw;
  if (kind === "ready" || kind === "pick") return { kind };
  if (typeof run !== "string" || run.length > longestKey) return null;
  return kind === "received" || kind === "open" || kind === "remove" ? { kind, run } : null;
}

/** A message as a channel of JSON and typed arrays carries it. */
export const encodeToCompare = (message: ToCompare): unknown => tagNumbers(message);

/** The message that `encodeToCompare` was given. */
export const decodeToCompare = (encoded: unknown): ToCompare => untagNumbers(encoded) as ToCompare;
