// The numbers of a verdict that are no metrics: each with the formula and the evidence it rests on. Pure.
import { metricInfo } from "../../src/protocol/metrics";
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

export function factsOf(run: RunModel, verdict: Verdict): Fact[] {
  const { settings, limits, readings, minimum } = verdict;
  const facts: Fact[] = [];
  const add = (label: string, value: string, formula: string, rows: Rows) =>
    facts.push({ label, value, provenance: { title: label, formula, rows } });
  const judged: Rows = [
    ["step", String(verdict.step)],
    ["data", `all ${settings.examples} training examples`],
  ];
  add("learning rate", num(settings.learningRate), "η, a setting of the experiment", [
    ["value", String(settings.learningRate)],
    ["from", run.info.file],
  ]);
  const largest = verdict.largestStableLearningRate;
  if (largest !== null) {
    const { sharpness } = readings;
    add("largest stable", num(largest), "the smaller of the mean and the mean-square limit", [
      ...(limits.mean === null ? [] : [["mean limit", num(limits.mean)] as const]),
      ...(limits.variance === null ? [] : [["mean-square limit", bracketOf(limits.variance)] as const]),
      ...(limits.binding === null ? [] : [["decided by", bindingWords[limits.binding]] as const]),
      ...(sharpness ? [["sharpness", readingWords(sharpness)] as const] : []),
      ...judged,
      [
        "source",
        [metricInfo("stability.meanLimit"), metricInfo("stability.varianceLimit")]
          .map((m) => m?.source)
          .join("; "),
      ],
    ]);
  }
  const { smallestStableBatchSize: batch, escapeTime } = verdict;
  if (batch !== null && settings.batchSize !== "full")
    add(
      "smallest stable batch",
      String(batch),
      "smallest B with ρ(η, B, β) ≤ 1 at this learning rate",
      judged,
    );
  if (escapeTime !== null && readings.growth) {
    add("escape time", escapeWords(escapeTime), "1 / ln ρ: steps in which E‖δ‖² grows e-fold", [
      ["growth ρ", readingWords(readings.growth)],
      ...judged,
    ]);
  }
  add("judged at step", String(verdict.step), "at a minimum: the loss is still and small", [
    ["gradient norm", num(minimum.gradNorm)],
    ["training loss", num(minimum.trainLoss)],
    ["residual", num(minimum.interpolationResidual)],
    ["why", minimum.why],
  ]);
  return facts;
}

const bindingWords = { mean: "the mean (sharpness)", variance: "the mean square (gradient noise)" } as const;

const readingWords = ({ value, error, how }: NonNullable<Verdict["readings"]["sharpness"]>) =>
  `${num(value)} ± ${num(error)}; ${how}`;

function bracketOf({ lower, upper, exact, rank, fullRank }: NonNullable<Verdict["limits"]["variance"]>) {
  const [from, to] = [lower, upper].map((x) => num(x));
  return exact ? `${to}, exact` : `${from} to ${to}, ${rank} of ${fullRank} directions`;
}

const escapeWords = (steps: number) => (steps < 1 ? "under one step" : `${num(steps)} steps`);
