// `verdict.json`: the judgement of a run at the point it reached, with the evidence it rests on (theory.md, section 7).
import type { Bracket } from "./bracket";
import type { ChainLink } from "./chainLink";
import type { Explanation } from "./explanation";

export const verdictKinds = [
  "diverged",
  "saddle",
  "unstable-mean",
  "unstable-variance",
  "edge",
  "inconclusive",
  "stable",
] as const;
export type VerdictKind = (typeof verdictKinds)[number];

/** What a typical run does: it comes back, it goes for good, or the error bar of its limit does not tell. */
export const typicalKinds = ["stays", "leaves", "undecided"] as const;
export type TypicalKind = (typeof typicalKinds)[number];

/** Verdicts that mean "this learning rate breaks linear stability": the run is flagged. At a saddle every learning rate does. */
export const flagged: readonly VerdictKind[] = ["diverged", "saddle", "unstable-mean", "unstable-variance"];

/** A number with an absolute error bar; `how` says what produced it, e.g. "Lanczos on H, 12 products". */
export interface JudgedReading {
  readonly value: number;
  readonly error: number;
  readonly how: string;
}

export interface Verdict {
  readonly schema: 1;
  readonly verdict: VerdictKind;
  readonly step: number;
  /** One sentence a newcomer understands. */
  readonly summary: string;
  /** The numbers behind it, one line each. */
  readonly reasons: readonly string[];
  /** What a single run does here where its batches make noise; null where that was not measured. */
  readonly typical: TypicalKind | null;
  readonly atMinimum: boolean;
  readonly provisional: boolean;
  readonly minimum: {
    readonly gradNorm: number;
    readonly trainLoss: number;
    /** Root mean square residual of the outputs for square losses; mean of 1 − p(label) for cross-entropy. */
    readonly interpolationResidual: number;
    readonly why: string;
  };
  readonly settings: {
    readonly learningRate: number;
    readonly batchSize: number | "full";
    readonly examples: number;
    /** β of heavy ball or Nesterov; β₁ for Adam. */
    readonly momentum: number;
    readonly nesterov: boolean;
    /** Kind of optimizer. */
    readonly optimizer: string;
    /** The experiment's own learning rate, where a schedule made the one in force another. */
    readonly baseLearningRate?: number;
  };
  /** null where the run reached no point at which it could be measured (it diverged). */
  readonly readings: {
    readonly sharpness: JudgedReading | null;
    /** λmin(H). */
    readonly eigenvalueMin: JudgedReading | null;
    /** λmax(P^{-1/2}HP^{-1/2}), which decides in the place of the sharpness; null for optimizers without a preconditioner. */
    readonly preconditionedSharpness: JudgedReading | null;
    readonly gaussNewtonSharpness: JudgedReading | null;
    readonly nonuniformity: JudgedReading | null;
    /** Growth ρ of E‖δ‖² per step at the run's own settings. */
    readonly growth: JudgedReading | null;
    /** e^{2ℓ}: growth of ‖δ‖² per step as a single run sees it, with its standard error. */
    readonly typicalGrowth: JudgedReading | null;
  };
  readonly limits: {
    /** Largest learning rate of the mean (full-batch) condition, from the full Hessian. */
    readonly mean: number | null;
    /** Bracket of the exact mean-square limit, from Gauss–Newton factors. `rank` of `fullRank` directions were kept. */
    readonly variance: Bracket | null;
    /** The learning rate from which on a typical run leaves, with its standard error. */
    readonly typical: JudgedReading | null;
    readonly binding: "mean" | "variance" | null;
  };
  /** Largest learning rate that is stable at this point for the run's batch size; what the quick fix sets. */
  readonly largestStableLearningRate: number | null;
  /** Smallest batch size that is stable here for the run's learning rate; null when none is. */
  readonly smallestStableBatchSize: number | null;
  /** Largest stable learning rate at batch sizes 1, 2, 4, …, n; absent where no mean-square limit is given. */
  readonly map?: readonly {
    readonly batchSize: number;
    readonly largestStableLearningRate: number;
    /** From which on a typical run leaves, where that was measured. */
    readonly typicalLearningRate?: number;
  }[];
  /** Steps in which the second moment grows e-fold, 1/ln ρ; null when ρ ≤ 1. */
  readonly escapeTime: number | null;
  /** The links from stability to generalization (theory.md, section 4), both sides of each; [] where nothing was measured. */
  readonly chain: readonly ChainLink[];
  /** What happened where the loss rose tenfold or the run diverged; absent where neither was, or there was no time for it. */
  readonly explanation?: Explanation;
  /** Which of full Hessian or Gauss–Newton each number used, in words. */
  readonly evidence: readonly string[];
}

/** Whether the mean square alone is unstable: a typical run comes back, and what is flagged is a warning and no error. */
export const onlyMeanSquare = ({ verdict, typical }: Pick<Verdict, "verdict" | "typical">): boolean =>
  verdict === "unstable-variance" && typical === "stays";
