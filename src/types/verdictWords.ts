// How a verdict is said and marked, in terminal, editor, panel and exports: one home for its words, its sign and how grave it is.
import { onlyMeanSquare, type Verdict, type VerdictKind } from "./verdict";

/** A warning is flagged, and yet the run comes back. */
export type Severity = "good" | "edge" | "open" | "warning" | "bad";

interface VerdictWords {
  readonly severity: Severity;
  /** In a list. */
  readonly short: string;
  /** In a cell of the sweep map. */
  readonly cell: string;
  /** Above its numbers. */
  readonly title: string;
}

type Judged = Pick<Verdict, "verdict" | "typical">;

const byKind: Readonly<Record<VerdictKind, VerdictWords>> = {
  diverged: { severity: "bad", short: "diverged", cell: "diverged", title: "Diverged" },
  saddle: {
    severity: "bad",
    short: "at a saddle",
    cell: "saddle",
    title: "At a saddle: no learning rate is stable here",
  },
  "unstable-mean": {
    severity: "bad",
    short: "unstable: too sharp",
    cell: "too sharp",
    title: "Unstable: learning rate too large for the sharpness",
  },
  "unstable-variance": {
    severity: "bad",
    short: "unstable: too noisy",
    cell: "too noisy",
    title: "Unstable: gradient noise too large for the batch size",
  },
  edge: { severity: "edge", short: "edge of stability", cell: "edge", title: "At the edge of stability" },
  inconclusive: { severity: "open", short: "inconclusive", cell: "open", title: "Inconclusive" },
  stable: { severity: "good", short: "stable", cell: "stable", title: "Stable" },
};

const bursts: VerdictWords = {
  severity: "warning",
  short: "unstable in the mean square: stays, with spikes",
  cell: "spikes",
  title: "Unstable in the mean square: a typical run stays, with spikes",
};

export const verdictWords = (verdict: Judged): VerdictWords =>
  onlyMeanSquare(verdict) ? bursts : byKind[verdict.verdict];

/** Readable without colour. */
export const severitySigns: Readonly<Record<Severity, string>> = {
  good: "✓",
  edge: "≈",
  open: "?",
  warning: "!",
  bad: "✗",
};

export const verdictSign = (verdict: Judged): string => severitySigns[verdictWords(verdict).severity];
