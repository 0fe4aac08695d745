// The decision of theory.md, section 7, from numbers alone.
import type { TypicalKind, VerdictKind } from "../types/verdict";
import type { Estimate } from "./typical";

export interface Flattest {
  /** λmin(H), or of P^{-1/2}(H + cI)P^{-1/2}, and its error. */
  readonly value: number;
  readonly error: number;
  /** Factor by which the squared distance along its eigenvector grows per step. */
  readonly growth: number;
}

export interface Evidence {
  readonly diverged: boolean;
  /** The most negative curvature as the optimizer sees it; absent where nobody has measured it. */
  readonly flattest?: Flattest;
  /** Whether the gradient meets the test of a minimum. */
  readonly still?: boolean;
  /** Whether the run's readings crossed the limit to and fro while the loss did not rise, see hovering.ts. */
  readonly hovers?: boolean;
  /** How often it came back from beyond its limit, the last time just now. */
  readonly returns?: number;
  readonly learningRate: number;
  /** Largest η of the full-batch condition, and its error in η; null where nothing was measured. */
  readonly meanLimit: number | null;
  readonly meanLimitError: number;
  /** Largest η up to which steps beyond the mean limit swing in a bounded region; absent where they leave. */
  readonly bounded?: number;
  readonly variance: {
    readonly lower: number;
    readonly upper: number;
    readonly exact: boolean;
    readonly lastChange: number;
    /** Set where it was estimated from a sample of the examples. */
    readonly sampled?: object;
  } | null;
  /** Whether there is a mean-square limit that nobody has measured. */
  readonly varianceMissing?: boolean;
}

export interface Decision {
  readonly verdict: VerdictKind;
  readonly binding: "mean" | "variance" | null;
  /** Largest stable learning rate: the binding limit, less the change the last doubling of the rank made. */
  readonly limit: number | null;
  readonly evidence: readonly string[];
}

/** Relative distance from the binding limit that counts as the edge. */
const edge = 0.05;

/** A saddle that takes longer than this to leave its neighbourhood e-fold is none that a run would notice. */
const saddleSteps = 1e4;

/** Whether the loss falls along a direction fast enough, by more than the error of the curvature there. */
export const descends = ({ value, error, growth }: Flattest): boolean =>
  value + error < 0 && Math.log(growth) * saddleSteps >= 1;

/** Judges a point. `saddle` takes precedence over everything but `diverged`, `edge` takes precedence over both unstable rows. */
export function judge({
  diverged,
  flattest,
  still = false,
  hovers = false,
  returns = 0,
  learningRate: eta,
  meanLimit,
  meanLimitError,
  bounded = 0,
  variance,
  varianceMissing = false,
}: Evidence): Decision {
  const mean = meanLimit !== null && !Number.isNaN(meanLimit) ? meanLimit : null;
  const known = variance !== null && !Number.isNaN(variance.upper) ? variance : null;
  // Between the bracket's ends the verdict rests on the upper end less its last change.
  const estimate = known === null ? Infinity : Math.max(known.lower, known.upper * (1 - known.lastChange));
  const binding = mean === null ? (known ? "variance" : null) : estimate < mean ? "variance" : "mean";
  const limit = binding === null ? null : Math.min(mean ?? Infinity, estimate);
  const evidence =
    known === null
      ? []
      : [
          known.exact
            ? "The mean-square limit is exact."
            : known.sampled
              ? "The mean-square limit is estimated from a sample of the examples."
              : "The mean-square limit is estimated from a part of the directions.",
        ];
  // What is no number speaks for nothing: it can condemn no point, and it can clear none.
  const unknown =
    varianceMissing ||
    (meanLimit !== null && (Number.isNaN(meanLimit) || !Number.isFinite(meanLimitError))) ||
    (variance !== null && Number.isNaN(variance.upper + variance.lower + variance.lastChange));
  const decide = (verdict: Decision["verdict"]): Decision => ({
    verdict: unknown && (verdict === "stable" || verdict === "edge") ? "inconclusive" : verdict,
    binding,
    limit,
    evidence,
  });
  if (diverged) return decide("diverged");
  // No learning rate is stable here: there is no limit to name.
  if (still && flattest && descends(flattest))
    return { verdict: "saddle", binding: null, limit: null, evidence };
  // Many readings while training speak for themselves, whatever the last one lacks.
  if (hovers) return { verdict: "edge", binding, limit, evidence };
  if (limit === null) return decide("inconclusive");
  // A limit nobody can pin to 5 % is no edge to be at.
  const spread = binding === "mean" ? meanLimitError : known!.upper - estimate;
  if (Number.isFinite(limit) && Math.abs(eta / limit - 1) <= edge && spread <= edge * limit)
    return decide("edge");
  if (mean !== null && eta > mean + meanLimitError) return decide(eta < bounded ? "edge" : "unstable-mean");
  if (mean !== null && binding === "mean" && Math.abs(eta - mean) <= meanLimitError)
    return decide("inconclusive");
  if (known !== null) {
    if (eta > known.upper) return decide("unstable-variance");
    if (!known.exact && eta > estimate) return decide("inconclusive");
  }
  return decide(returns > 0 ? "inconclusive" : "stable");
}

/** Standard errors between a learning rate and the typical limit from which on they are told apart. */
const apart = 2;

/** What a typical run does: by its limit, never by its exponent, which just below the limit is hardly below 0 (theory.md, section 8). */
export function judgeTypical(learningRate: number, { value, error }: Estimate): TypicalKind {
  if (learningRate > value + apart * error) return "leaves";
  return learningRate < value - apart * error ? "stays" : "undecided";
}
