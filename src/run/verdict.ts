// Puts a verdict into words and numbers (theory.md, section 7): what was judged, on which evidence, what to change.
import type { Experiment } from "../protocol/experiment";
import type { Verdict } from "../protocol/verdict";
import { judge } from "../stability/judge";
import { escapeTime } from "../stability/growth";
import { sharpnessLimit } from "../stability/thresholds";
import type { PointReadings } from "./measurePoint";

export interface Judged {
  readonly experiment: Experiment;
  readonly n: number;
  readonly step: number;
  readonly diverged: boolean;
  /** Step at which the run diverged, when it did. */
  readonly divergedAt?: number;
  readonly initialLoss: number;
  readonly loss: number;
  /** Readings at `step`; null where no finite point was left to measure. */
  readonly point: PointReadings | null;
}

/** Progress of one more step relative to the loss, η‖∇L‖²/L, below which a point counts as a minimum. */
const stillBelow = 1e-3;
/** Training loss relative to its first value below which the examples count as interpolated. */
const interpolatedBelow = 1e-2;

const fmt = (x: number): string => (Number.isFinite(x) ? String(Number(x.toPrecision(4))) : String(x));

/** The verdict of a run or a measurement at the point it reached. */
export function assembleVerdict(judged: Judged): Verdict {
  const { experiment, n, step, diverged, point, initialLoss } = judged;
  const { learningRate, batchSize, momentum, nesterov } = experiment.optimizer;
  const decision = judge({
    diverged,
    learningRate,
    meanLimit: point?.meanLimit ?? null,
    meanLimitError: point?.meanLimitError ?? 0,
    variance: point?.variance ?? null,
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
    settings: { learningRate, batchSize, examples: n, momentum, nesterov },
    readings: {
      sharpness: point?.sharpness ?? null,
      gaussNewtonSharpness: point?.gaussNewtonSharpness ?? null,
      nonuniformity: point?.nonuniformity ?? null,
      growth: point?.growth ?? null,
    },
    limits: { mean: point?.meanLimit ?? null, variance: point?.variance ?? null, binding: decision.binding },
    largestStableLearningRate: limit,
    smallestStableBatchSize: point?.smallestStableBatch ?? null,
    escapeTime: point ? escapeTime(point.growth.value) : null,
    evidence: [
      "Sharpness and the mean limit use the full Hessian.",
      "Non-uniformity, growth and the mean-square limit use Gauss–Newton factors, which equal the per-example Hessians only where the training examples are interpolated.",
      ...decision.evidence,
      ...(initialLoss > 0 ? [] : ["The initial loss is not known."]),
    ],
  };
}

function describeMinimum({ experiment, point, initialLoss, diverged }: Judged): {
  atMinimum: boolean;
  why: string;
} {
  if (!point || diverged) return { atMinimum: false, why: "The run diverged; it reached no minimum." };
  const progress = (experiment.optimizer.learningRate * point.gradNorm ** 2) / point.loss;
  const still = progress <= stillBelow || point.loss === 0;
  const interpolated = Number.isFinite(initialLoss)
    ? point.loss <= interpolatedBelow * initialLoss
    : point.interpolationResidual < 0.1;
  const why =
    `To first order one more step would change the loss by ${fmt(100 * progress)} % (a minimum: at most ${fmt(100 * stillBelow)} %); ` +
    `training loss ${fmt(point.loss)}${Number.isFinite(initialLoss) ? ` of ${fmt(initialLoss)} at the start` : ""} ` +
    `(interpolated: at most ${fmt(100 * interpolatedBelow)} %).`;
  return { atMinimum: still && interpolated, why };
}

function summarize(
  { experiment, step, divergedAt, point }: Judged,
  verdict: Verdict["verdict"],
  binding: "mean" | "variance" | null,
  limit: number | null,
  atMinimum: boolean,
): string {
  const eta = fmt(experiment.optimizer.learningRate);
  const most = limit === null ? "" : fmt(limit);
  const share = limit === null ? "" : `${Math.round((100 * experiment.optimizer.learningRate) / limit)} %`;
  const where = atMinimum ? "this minimum" : "this point";
  const away = atMinimum ? "" : " The run had not settled at a minimum, so this is provisional.";
  const cause = binding === "variance" ? "the noise of its batches" : "its sharpness";
  switch (verdict) {
    case "diverged":
      return (
        `Diverged at step ${divergedAt ?? step}: learning rate ${eta} drove the loss to infinity.` +
        (limit === null
          ? ""
          : ` At step ${step}, the last point measured, the largest stable learning rate was ${most}.`)
      );
    case "unstable-mean":
      return `Unstable: ${where} has sharpness ${fmt(point?.sharpness.value ?? NaN)}, too sharp for learning rate ${eta}. It is stable up to ${most}.${away}`;
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

function reasons({ experiment, n, point, loss }: Judged): string[] {
  if (!point) return [`Training loss ${fmt(loss)}; no finite point was left to measure.`];
  const { learningRate, batchSize, momentum, nesterov } = experiment.optimizer;
  const { variance: v, sharpness, nonuniformity, growth } = point;
  const bracket = v.exact
    ? `${fmt(v.upper)} (exact, all ${v.rank} directions)`
    : `between ${fmt(v.lower)} and ${fmt(v.upper)} (${v.rank} of ${v.fullRank} directions; the last doubling changed it by ${fmt(100 * v.lastChange)} %)`;
  return [
    `Sharpness ${fmt(sharpness.value)} ± ${fmt(sharpness.error)}; learning rate ${fmt(learningRate)} allows at most ${fmt(sharpnessLimit({ learningRate, momentum, nesterov }))}.`,
    `Mean limit: stable up to learning rate ${fmt(point.meanLimit)} on average.`,
    `Mean-square limit at batch size ${batchSize === "full" ? `${n} (full)` : batchSize}: ${bracket}.`,
    `Non-uniformity ${fmt(nonuniformity.value)} ± ${fmt(nonuniformity.error)}.`,
    `Growth of the mean square distance per step: ${growth.value.toFixed(6)} ± ${fmt(growth.error)}${growth.value > 1 ? `, e-fold every ${fmt(1 / Math.log(growth.value))} steps` : ""}.`,
  ];
}
