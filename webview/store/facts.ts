// The numbers of a verdict that are no metrics: each with the formula and the evidence it rests on. Pure.
import { metricInfo } from "../../src/protocol/metrics";
import { homeOf } from "../../src/protocol/script";
import { rateAt } from "../../src/record/limits";
import type { Verdict } from "../../src/types/verdict";
import { num } from "../format";
import type { Provenance } from "./provenance";
import { type RunModel } from "./runModel";

export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly provenance: Provenance;
}

type Rows = Provenance["rows"];

/** The same ones whatever the run has come to, so that the banner keeps its shape: a dash where a number is not known. */
export const factsOf = (run: RunModel): Fact[] =>
  [
    learningRate(run),
    largestStable(run),
    ...(run.info.experiment.optimizer.batchSize === "full" ? [] : [smallestBatch(run)]),
    escape(run),
    judgedAt(run),
  ].map(({ label, value, formula, rows }) => ({ label, value, provenance: { title: label, formula, rows } }));

interface FactWords {
  readonly label: string;
  readonly value: string;
  readonly formula: string;
  readonly rows: Rows;
}

const unknown = "–";
const notYet: Rows = [["value", "comes with the verdict"]];

/** At which point the verdict was reached, and on which data. */
const judged = ({ step, settings }: Verdict): Rows => [
  ["step", String(step)],
  ["data", `all ${settings.examples} training examples`],
];

function learningRate(run: RunModel): FactWords {
  const value = run.verdict?.settings.learningRate ?? rateAt(run, Infinity);
  return {
    label: "learning rate",
    value: num(value),
    formula: "η, a setting of the experiment",
    rows: [
      ["value", String(value)],
      ["from", homeOf(run.info)],
    ],
  };
}

/** While the run trains, its latest reading. */
function largestStable({ verdict, series }: RunModel): FactWords {
  const words = {
    label: "largest stable",
    formula: "the smaller of the mean and the mean-square limit",
  };
  if (!verdict) {
    const reading = series.latest.get("stability.limit");
    if (typeof reading?.value !== "number") return { ...words, value: unknown, rows: notYet };
    return {
      ...words,
      value: num(reading.value),
      rows: [
        ["step", String(reading.step)],
        ["how", "the latest reading; the verdict measures it once more"],
      ],
    };
  }
  const { largestStableLearningRate: largest, limits, readings } = verdict;
  if (largest === null)
    return {
      ...words,
      value: unknown,
      rows: [["value", "the run reached no point at which it could be told"]],
    };
  const { sharpness } = readings;
  return {
    ...words,
    value: num(largest),
    rows: [
      ...(limits.mean === null ? [] : [["mean limit", num(limits.mean)] as const]),
      ...(limits.variance === null ? [] : [["mean-square limit", bracketOf(limits.variance)] as const]),
      ...(limits.typical === null
        ? []
        : [["a typical run leaves from", readingWords(limits.typical)] as const]),
      ...(limits.binding === null ? [] : [["decided by", bindingWords[limits.binding]] as const]),
      ...(sharpness ? [["sharpness", readingWords(sharpness)] as const] : []),
      ...judged(verdict),
      [
        "source",
        [metricInfo("stability.meanLimit"), metricInfo("stability.varianceLimit")]
          .map((m) => m?.source)
          .join("; "),
      ],
    ],
  };
}

const smallestBatch = ({ verdict }: RunModel): FactWords => ({
  label: "smallest stable batch",
  value: verdict?.smallestStableBatchSize ? String(verdict.smallestStableBatchSize) : unknown,
  formula: "smallest B with ρ(η, B, β) ≤ 1 at this learning rate",
  rows: !verdict
    ? notYet
    : verdict.smallestStableBatchSize === null
      ? [["value", "no batch size is known to be stable here"], ...judged(verdict)]
      : judged(verdict),
});

function escape({ verdict }: RunModel): FactWords {
  const words = {
    label: "escape time",
    formula: "1 / ln ρ: steps in which E‖δ‖² grows e-fold; none where it does not grow",
  };
  if (!verdict) return { ...words, value: unknown, rows: notYet };
  const { growth, typicalGrowth } = verdict.readings;
  if (!growth) return { ...words, value: unknown, rows: [["growth ρ", "not measured"]] };
  return {
    ...words,
    value: verdict.escapeTime === null ? "none" : escapeWords(verdict.escapeTime),
    rows: [
      ["growth ρ", readingWords(growth)],
      ...(typicalGrowth ? [["typical growth", readingWords(typicalGrowth)] as const] : []),
      ...judged(verdict),
    ],
  };
}

const judgedAt = ({ verdict }: RunModel): FactWords => ({
  label: "judged at step",
  value: verdict ? String(verdict.step) : unknown,
  formula: "at a minimum: the loss is still and small",
  rows: verdict
    ? [
        ["gradient norm", num(verdict.minimum.gradNorm)],
        ["training loss", num(verdict.minimum.trainLoss)],
        ["residual", num(verdict.minimum.interpolationResidual)],
        ["why", verdict.minimum.why],
      ]
    : notYet,
});

const bindingWords = { mean: "the mean (sharpness)", variance: "the mean square (gradient noise)" } as const;

const readingWords = ({ value, error, how }: NonNullable<Verdict["readings"]["sharpness"]>) =>
  `${num(value)} ± ${num(error)}; ${how}`;

function bracketOf({
  lower,
  upper,
  exact,
  rank,
  fullRank,
  sampled,
}: NonNullable<Verdict["limits"]["variance"]>) {
  const [from, to] = [lower, upper].map((x) => num(x));
  if (sampled)
    return `${num(sampled.value)} ± ${num(sampled.error)}, from ${sampled.held} of ${sampled.of} examples`;
  return exact ? `${to}, exact` : `${from} to ${to}, ${rank} of ${fullRank} directions`;
}

const escapeWords = (steps: number) => (steps < 1 ? "under one step" : `${num(steps)} steps`);
