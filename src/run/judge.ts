// Judges a point: readings in, verdict out (theory.md, section 7).
import type { Closing } from "../measure/closing";
import { optimizerOf } from "../optimizers";
import type { Experiment } from "../protocol/experiment";
import type { Kink } from "../protocol/kinks";
import { escapeTime } from "../stability/growth";
import { hoveringOf, recentReturns, type CoursePoint } from "../stability/hovering";
import { judge, judgeTypical, type Decision } from "../stability/judge";
import { meanLimit as meanLimitOf, type Dynamics } from "../stability/thresholds";
import type { Reading } from "../types/reading";
import type { JudgedReading, Verdict } from "../types/verdict";
import { describeMinimum, evidenceOf, reasonsOf, summaryOf } from "./verdictWords";

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
  /** What was measured at `step`; null where no finite point was left. */
  readonly closing: Closing | null;
  /** η/limit and loss while training, reading by reading. */
  readonly course: readonly CoursePoint[];
  /** The optimizer's linear dynamics, where its kind is not one of Basin's. */
  readonly dynamics?: Dynamics;
  /** Whether the products behind the readings were finite differences: then no verdict is firm. */
  readonly approximate?: boolean;
}

/** The readings a verdict names, null where they were not taken. */
export type Named = Verdict["readings"] & {
  readonly meanLimit: JudgedReading | null;
  readonly typicalLimit: JudgedReading | null;
};

const byName = ({ closing }: Judged, metric: string): Reading | undefined =>
  closing?.readings.find((reading) => reading.metric === metric);

/** A reading as verdict.json has it: `how` says by what, and how many products that took. */
function judged(from: Judged, metric: string): JudgedReading | null {
  const reading = byName(from, metric);
  if (typeof reading?.value !== "number") return null;
  const { value, error = 0, method, cost } = reading;
  const products =
    cost.products > 0 && /Lanczos/.test(method) ? `, ${Math.round(cost.products)} products` : "";
  return { value, error: typeof error === "number" ? error : NaN, how: `${method}${products}` };
}

export const named = (from: Judged): Named => ({
  sharpness: judged(from, "sharpness"),
  eigenvalueMin: judged(from, "eigenvalue.min"),
  preconditionedSharpness: judged(from, "preconditionedSharpness"),
  gaussNewtonSharpness: judged(from, "gaussNewtonSharpness"),
  nonuniformity: judged(from, "nonuniformity"),
  growth: judged(from, "stability.growth"),
  typicalGrowth: judged(from, "stability.typicalGrowth"),
  meanLimit: judged(from, "stability.meanLimit"),
  typicalLimit: judged(from, "stability.typicalLimit"),
});

/** Full batches: every step sees the same loss. */
export const noiseless = ({ experiment, n }: Judged): boolean => {
  const { batchSize } = experiment.optimizer;
  return batchSize === "full" || batchSize >= n;
};

/** The learning rate in force at the point, schedule applied. */
export const rateOf = ({ experiment, closing }: Judged): number =>
  closing?.descent.learningRate ?? experiment.optimizer.learningRate;

/**
 * Sharpness-aware steps beyond their limit grow until the slope has grown with them, and then swing at it, up to the limit of plain
 * steps; undefined for others.
 * @source Bartlett, Long & Bousquet, JMLR 2023, "The dynamics of sharpness-aware minimization": quadratic losses.
 */
export function boundOf(from: Judged): number | undefined {
  const { closing } = from;
  const sharpness = judged(from, "sharpness");
  if (!closing || closing.descent.radius === undefined || !sharpness) return undefined;
  return meanLimitOf(sharpness.value + sharpness.error, { ...closing.descent, radius: 0 });
}

/** The verdict of a run or a measurement at the point it reached. */
export function assembleVerdict(from: Judged): Verdict {
  const { experiment, n, step, diverged, closing } = from;
  const { kind, learningRate: base, batchSize } = experiment.optimizer;
  const learningRate = rateOf(from);
  const { momentum = 0, nesterov = false } =
    closing?.descent ?? from.dynamics ?? optimizerOf(experiment.optimizer).dynamics(experiment.optimizer);
  const { meanLimit, typicalLimit, ...readings } = named(from);
  const { variance = null, noVariance, chain = [], map, smallestStableBatch = null } = closing?.facts ?? {};
  const minimum = describeMinimum(from);
  const decided = judge({
    diverged,
    flattest: closing?.facts.flattest,
    still: minimum.gradientVanishes,
    hovers: hoveringOf(from.course) !== null,
    // Where it has settled nothing drives it back to its limit.
    returns: minimum.atMinimum ? 0 : recentReturns(from.course),
    learningRate,
    meanLimit: meanLimit?.value ?? null,
    meanLimitError: meanLimit?.error ?? 0,
    bounded: boundOf(from),
    // Without sampling noise the mean condition, which rests on the full Hessian, is the whole story.
    variance: noiseless(from) ? null : variance,
    // Where it cannot be given for this optimizer the mean limit speaks alone, and the evidence says so.
    varianceMissing: closing !== null && !noiseless(from) && variance === null && noVariance === undefined,
  });
  const firm = !from.approximate || decided.verdict === "diverged";
  const decision: Decision = firm ? decided : { ...decided, verdict: "inconclusive" };
  const atSaddle = decision.verdict === "saddle";
  const atMinimum = minimum.atMinimum && !atSaddle;
  return {
    schema: 1,
    verdict: decision.verdict,
    step,
    summary: summaryOf(from, decision, atMinimum),
    reasons: reasonsOf(from),
    typical: noiseless(from) || !typicalLimit ? null : judgeTypical(learningRate, typicalLimit),
    atMinimum,
    // A saddle is what it is, however high its loss.
    provisional: !atMinimum && !atSaddle,
    minimum: {
      gradNorm: closing?.minimum.gradNorm ?? NaN,
      trainLoss: closing?.minimum.loss ?? from.loss,
      interpolationResidual: closing?.minimum.interpolationResidual ?? NaN,
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
    readings,
    limits: { mean: meanLimit?.value ?? null, variance, typical: typicalLimit, binding: decision.binding },
    largestStableLearningRate: decision.limit,
    smallestStableBatchSize: atSaddle ? null : smallestStableBatch,
    chain,
    ...(map && { map }),
    escapeTime: readings.growth ? escapeTime(readings.growth.value) : null,
    evidence: evidenceOf(from, decision),
  };
}
