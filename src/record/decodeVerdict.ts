// The door of `verdict.json`: a file that anyone may have written in, a verdict with true types out, or null.
import type { Bracket } from "../types/bracket";
import type { ChainLink } from "../types/chainLink";
import { typicalKinds, verdictKinds, type JudgedReading, type Verdict } from "../types/verdict";
import { decodeExplanation } from "./explanation";
import { isRaw, isStep, numberOr, numberOrNull, text, textOr, texts, type Raw } from "./decode";

/** Null for what is no verdict. Fields that are missing have what says that nothing was measured. */
export function decodeVerdict(raw: unknown): Verdict | null {
  if (!isRaw(raw)) return null;
  const explanation = decodeExplanation(raw.explanation);
  const kind = verdictKinds.find((one) => one === raw.verdict);
  if (!kind || !isStep(raw.step)) return null;
  return {
    ...extras(raw),
    schema: 1,
    verdict: kind,
    step: raw.step,
    summary: textOr(raw.summary, ""),
    reasons: texts(raw.reasons),
    typical: typicalKinds.find((one) => one === raw.typical) ?? null,
    atMinimum: raw.atMinimum === true,
    provisional: raw.provisional === true,
    minimum: minimumOf(isRaw(raw.minimum) ? raw.minimum : {}),
    settings: settingsOf(isRaw(raw.settings) ? raw.settings : {}),
    readings: readingsOf(isRaw(raw.readings) ? raw.readings : {}),
    limits: limitsOf(isRaw(raw.limits) ? raw.limits : {}),
    largestStableLearningRate: numberOrNull(raw.largestStableLearningRate),
    smallestStableBatchSize: numberOrNull(raw.smallestStableBatchSize),
    ...(Array.isArray(raw.map) && { map: raw.map.flatMap(mapRow) }),
    escapeTime: numberOrNull(raw.escapeTime),
    chain: Array.isArray(raw.chain) ? raw.chain.flatMap(linkOf) : [],
    ...(explanation && { explanation }),
    evidence: texts(raw.evidence),
  };
}

/** The metrics of the closing measurement, which `basin verdict --json` prints as they are. */
const extras = ({ metrics }: Raw): object => (isRaw(metrics) ? { metrics } : {});

const minimumOf = (raw: Raw): Verdict["minimum"] => ({
  gradNorm: numberOr(raw.gradNorm, NaN),
  trainLoss: numberOr(raw.trainLoss, NaN),
  interpolationResidual: numberOr(raw.interpolationResidual, NaN),
  why: textOr(raw.why, ""),
});

const settingsOf = (raw: Raw): Verdict["settings"] => ({
  learningRate: numberOr(raw.learningRate, NaN),
  batchSize: typeof raw.batchSize === "number" ? raw.batchSize : "full",
  examples: numberOr(raw.examples, NaN),
  momentum: numberOr(raw.momentum, 0),
  nesterov: raw.nesterov === true,
  optimizer: textOr(raw.optimizer, ""),
  ...(typeof raw.baseLearningRate === "number" && { baseLearningRate: raw.baseLearningRate }),
});

const reading = (raw: unknown): JudgedReading | null =>
  isRaw(raw)
    ? { value: numberOr(raw.value, NaN), error: numberOr(raw.error, NaN), how: textOr(raw.how, "") }
    : null;

const readingsOf = (raw: Raw): Verdict["readings"] => ({
  sharpness: reading(raw.sharpness),
  eigenvalueMin: reading(raw.eigenvalueMin),
  preconditionedSharpness: reading(raw.preconditionedSharpness),
  gaussNewtonSharpness: reading(raw.gaussNewtonSharpness),
  nonuniformity: reading(raw.nonuniformity),
  growth: reading(raw.growth),
  typicalGrowth: reading(raw.typicalGrowth),
});

const limitsOf = (raw: Raw): Verdict["limits"] => ({
  mean: numberOrNull(raw.mean),
  variance: isRaw(raw.variance) ? bracketOf(raw.variance) : null,
  typical: reading(raw.typical),
  binding: raw.binding === "mean" || raw.binding === "variance" ? raw.binding : null,
});

const bracketOf = (raw: Raw): Bracket => ({
  lower: numberOr(raw.lower, NaN),
  upper: numberOr(raw.upper, NaN),
  exact: raw.exact === true,
  rank: numberOr(raw.rank, NaN),
  fullRank: numberOr(raw.fullRank, NaN),
  lastChange: numberOr(raw.lastChange, NaN),
  ...(isRaw(raw.sampled) && {
    sampled: {
      held: numberOr(raw.sampled.held, NaN),
      of: numberOr(raw.sampled.of, NaN),
      value: numberOr(raw.sampled.value, NaN),
      error: numberOr(raw.sampled.error, NaN),
    },
  }),
});

function mapRow(raw: unknown): NonNullable<Verdict["map"]>[number][] {
  if (!isRaw(raw) || typeof raw.batchSize !== "number") return [];
  const { batchSize, largestStableLearningRate, typicalLearningRate } = raw;
  const row = { batchSize, largestStableLearningRate: numberOr(largestStableLearningRate, NaN) };
  return [
    typicalLearningRate === undefined
      ? row
      : { ...row, typicalLearningRate: numberOr(typicalLearningRate, NaN) },
  ];
}

function linkOf(raw: unknown): ChainLink[] {
  if (!isRaw(raw) || typeof raw.id !== "string") return [];
  return [
    {
      id: raw.id as ChainLink["id"],
      formula: textOr(raw.formula, ""),
      left: numberOrNull(raw.left),
      right: numberOrNull(raw.right),
      holds: typeof raw.holds === "boolean" ? raw.holds : null,
      notApplicable: text(raw.notApplicable) ?? null,
    },
  ];
}
