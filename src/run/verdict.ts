// Puts a verdict into words and numbers (theory.md, section 7): what was judged, on which evidence, what to change.
import { optimizerOf } from "../optimizers";
import type { Experiment } from "../protocol/experiment";
import { kinkWords, type Kink } from "../protocol/kinks";
import type { Verdict } from "../types/verdict";
import { judge } from "../stability/judge";
import { escapeTime } from "../stability/growth";
import { sharpnessLimit } from "../stability/thresholds";
import { interpolatedBelow, isInterpolated, type PointReadings } from "./measurePoint";

export interface Judged {
  readonly experiment: Experiment;
  readonly n: number;
  readonly step: number;
  readonly diverged: boolean;
  /** Step at which the run diverged, when it did. */
  readonly divergedAt?: number;
  readonly initialLoss: number;
  readonly loss: number;
  /** Kinds of kinks the network has. */
  readonly kinks: readonly Kink[];
  /** Readings at `step`; null where no finite point was left to measure. */
  readonly point: PointReadings | null;
}

/** Progress of one more step relative to the loss, η‖∇L‖²/L, below which a point counts as a minimum. */
const stillBelow = 1e-3;

const fmt = (x: number): string => (Number.isFinite(x) ? String(Number(x.toPrecision(4))) : String(x));

/** The verdict of a run or a measurement at the point it reached. */
export function assembleVerdict(judged: Judged): Verdict {
  const { experiment, n, step, diverged, point, initialLoss } = judged;
  const { kind, learningRate: base, batchSize } = experiment.optimizer;
  const learningRate = rateOf(judged);
  const { momentum = 0, nesterov = false } = optimizerOf(experiment.optimizer).dynamics(experiment.optimizer);
  const decision = judge({
    diverged,
    learningRate,
    meanLimit: point?.meanLimit ?? null,
    meanLimitError: point?.meanLimitError ?? 0,
    // Without sampling noise the mean condition, which rests on the full Hessian, is the whole story.
    variance: noiseless(judged) ? null : (point?.variance ?? null),
  });
  const minimum = describeMinimum(judged);
  const limit = decision.limit;
  return {
    schema: 1,
    verdict: decision.verdict,
    step,
    summary: summarize(judged, decision.verdict, decision.binding, limit, minimum.atMinimum),
    reasons: reasons(judged),
    atMinimum: minimum.atMinimum,
    provisional: !minimum.atMinimum,
    minimum: {
      gradNorm: point?.gradNorm ?? NaN,
      trainLoss: point?.loss ?? judged.loss,
      interpolationResidual: point?.interpolationResidual ?? NaN,
      why: minimum.why,
    },
    settings: {
      learningRate,
      batchSize,
      examples: n,
      momentum,
      nesterov,
      optimizer: kind,
      ...(learningRate === base ? {} : { baseLearningRate: base }),
    },
    readings: {
      sharpness: point?.sharpness ?? null,
      preconditionedSharpness: point?.preconditionedSharpness ?? null,
      gaussNewtonSharpness: point?.gaussNewtonSharpness ?? null,
      nonuniformity: point?.nonuniformity ?? null,
      growth: point?.growth ?? null,
    },
    limits: { mean: point?.meanLimit ?? null, variance: point?.variance ?? null, binding: decision.binding },
    largestStableLearningRate: limit,
    smallestStableBatchSize: point?.smallestStableBatch ?? null,
    chain: point?.chain ?? [],
    ...(point?.map && { map: point.map }),
    escapeTime: point?.growth ? escapeTime(point.growth.value) : null,
    evidence: [
      "Sharpness and the mean limit use the full Hessian.",
      "Non-uniformity, growth and the mean-square limit use Gauss–Newton factors, which equal the per-example Hessians only where the training examples are interpolated.",
      ...judged.kinks.map((kink) => kinkWords[kink]),
      ...decision.evidence,
      ...optimizerEvidence(judged),
      ...(initialLoss > 0 ? [] : ["The initial loss is not known."]),
    ],
  };
}

/** Full batches: every step sees the same loss. */
const noiseless = ({ experiment, n }: Judged): boolean => {
  const { batchSize } = experiment.optimizer;
  return batchSize === "full" || batchSize >= n;
};

/** The learning rate in force at the point, schedule applied. */
const rateOf = ({ experiment, point }: Judged): number =>
  point?.descent.learningRate ?? experiment.optimizer.learningRate;

/** What the optimizer adds to the assumptions. */
function optimizerEvidence({ experiment, point }: Judged): string[] {
  const { schedule, clip, weightDecay } = experiment.optimizer;
  const lines: string[] = [];
  if (point?.preconditionedSharpness)
    lines.push(
      point.descent.settled
        ? "The preconditioner P is held fixed at its value here; sharpness is that of P^-½ H P^-½."
        : "There is no optimizer state here: the preconditioner is |∇L| + ε, where this gradient would bring it.",
    );
  if (point?.noVariance) lines.push(point.noVariance);
  if (weightDecay)
    lines.push("Weight decay is part of the dynamics judged: it adds to the curvature of every direction.");
  if (schedule) lines.push("The learning rate judged is the one its schedule has reached at this step.");
  if (clip !== undefined)
    lines.push("Gradient clipping is left out: near a minimum gradients are shorter than it allows.");
  return lines;
}

function describeMinimum({ experiment, point, initialLoss, diverged }: Judged): {
  atMinimum: boolean;
  why: string;
} {
  if (!point || diverged) return { atMinimum: false, why: "The run diverged; it reached no minimum." };
  // Without a gradient nothing changes, also where there is no loss left to divide by.
  const progress =
    point.gradNorm === 0 ? 0 : (experiment.optimizer.learningRate * point.gradNorm ** 2) / point.loss;
  const still = progress <= stillBelow || point.loss === 0;
  const interpolated = isInterpolated(point.loss, initialLoss, point.interpolationResidual);
  const why =
    `To first order one more step would change the loss by ${fmt(100 * progress)} % (a minimum: at most ${fmt(100 * stillBelow)} %); ` +
    `training loss ${fmt(point.loss)}${Number.isFinite(initialLoss) ? ` of ${fmt(initialLoss)} at the start` : ""} ` +
    `(interpolated: at most ${fmt(100 * interpolatedBelow)} %).`;
  return { atMinimum: still && interpolated, why };
}

function summarize(
  judged: Judged,
  verdict: Verdict["verdict"],
  binding: "mean" | "variance" | null,
  limit: number | null,
  atMinimum: boolean,
): string {
  const { step, divergedAt, point, loss, initialLoss } = judged;
  const rate = rateOf(judged);
  const eta = fmt(rate);
  const most = limit === null ? "" : fmt(limit);
  const share = limit === null ? "" : `${Math.round((100 * rate) / limit)} %`;
  const where = atMinimum ? "this minimum" : "this point";
  const away = atMinimum ? "" : " The run had not settled at a minimum, so this is provisional.";
  const own = point?.preconditionedSharpness;
  const sharpness = own ? "preconditioned sharpness" : "sharpness";
  const cause = binding === "variance" ? "the noise of its batches" : `its ${sharpness}`;
  switch (verdict) {
    case "diverged":
      return (
        `Diverged at step ${divergedAt ?? step}: learning rate ${eta} drove the loss ${Number.isFinite(loss) ? `from ${fmt(initialLoss)} to ${fmt(loss)}` : "out of the range of numbers"}.` +
        (limit === null
          ? ""
          : ` At step ${step}, the last point measured, the largest stable learning rate was ${most}.`)
      );
    case "unstable-mean":
      return `Unstable: ${where} has ${sharpness} ${fmt((own ?? point?.sharpness)?.value ?? NaN)}, too sharp for learning rate ${eta}. It is stable up to ${most}.${away}`;
    case "unstable-variance":
      return `Unstable: on average the steps would hold, but ${cause} drives SGD away from ${where}. Learning rate ${eta} is ${share} of the largest stable value ${most}.${away}`;
    case "edge":
      return `At the edge of stability: learning rate ${eta} is within 5 % of the limit ${most} that ${cause} sets.${away}`;
    case "inconclusive":
      return `Inconclusive: learning rate ${eta} lies inside the error bar of the limit near ${most}.${away}`;
    case "stable":
      return `Stable: learning rate ${eta} is ${share} of the largest stable value ${most} at ${where}.${away}`;
  }
}

function reasons(judged: Judged): string[] {
  const { experiment, n, point, loss } = judged;
  if (!point) return [`Training loss ${fmt(loss)}; no finite point was left to measure.`];
  const { batchSize } = experiment.optimizer;
  const { variance: v, sharpness, nonuniformity, growth, descent, preconditionedSharpness: own } = point;
  // A preconditioned reading holds the weight decay of the gradient already.
  const allowed = fmt(sharpnessLimit(own ? { ...descent, weightDecay: 0 } : descent));
  const allows = `learning rate ${fmt(descent.learningRate)} allows at most ${allowed}`;
  const value = (reading: { value: number; error: number }): string =>
    `${fmt(reading.value)} ± ${fmt(reading.error)}`;
  const lines = [
    own
      ? `Preconditioned sharpness ${value(own)}; ${allows}. The sharpness itself is ${value(sharpness)}.`
      : `Sharpness ${value(sharpness)}; ${allows}.`,
    `Mean limit: stable up to learning rate ${fmt(point.meanLimit)} on average.`,
  ];
  if (v) {
    const bracket = noiseless(judged)
      ? `${fmt(v.upper)}, from the Gauss–Newton sharpness: full batches have no sampling noise`
      : v.exact
        ? `${fmt(v.upper)} (exact, all ${v.rank} directions)`
        : `between ${fmt(v.lower)} and ${fmt(v.upper)} (${v.rank} of ${v.fullRank} directions; the last doubling changed it by ${fmt(100 * v.lastChange)} %)`;
    const size = batchSize === "full" ? `${n} (full)` : batchSize;
    lines.push(`Mean-square limit at batch size ${size}: ${bracket}.`);
  }
  lines.push(`Non-uniformity ${value(nonuniformity)}.`);
  if (growth)
    lines.push(
      `Growth of the mean square distance per step: ${growth.value.toFixed(6)} ± ${fmt(growth.error)}${growth.value > 1 ? `, e-fold every ${fmt(1 / Math.log(growth.value))} steps` : ""}.`,
    );
  return lines;
}
