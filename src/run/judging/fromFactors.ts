// What Basin's stability code makes of recorded factors: the same readings and facts that a run of its own closes with.
import type { Budget } from "../../measure/budget";
import { shareOf } from "../../measure/budget";
import { noMeanSquare, mapOf, type MeanSquare } from "../../measure/meanSquare";
import type { Descent } from "../../measure/point";
import { Readings, type Facts } from "../../measure/probe";
import { addMeanSquare } from "../../measure/probes/noise";
import { addSampled, widenTypical } from "../../measure/sampledMeanSquare";
import { samplingErrors, type SamplingErrors } from "../../measure/sampling";
import { addTypical, typicalOf, withTypical, type Drawn } from "../../measure/typical";
import type { RecordedFactors } from "../../record/decodeFactors";
import { growth } from "../../stability/growth";
import { NoiseGain } from "../../stability/noiseGain";
import { factorSpectrum, type Factors } from "../../stability/secondMoment";
import { varianceLimit } from "../../stability/varianceLimit";
import type { Bracket } from "../../types/bracket";
import type { Reading } from "../../types/reading";
import type { Gemm } from "../../util/gemm";

export interface FromFactors {
  readonly descent: Descent;
  readonly readings: readonly Reading[];
  readonly facts: Facts;
  /** Relative standard error of λmax from the sample of examples; 0 where all are held, Infinity where nobody knows. */
  readonly sharpnessError: number;
  readonly leftOut: readonly string[];
}

export interface JudgingOptions {
  readonly budget: Budget;
  readonly gemm: Gemm;
  readonly seed: number;
  /** `limits` while a run trains; `verdict` adds what a typical run does, and the map. */
  readonly extent: "limits" | "verdict";
}

/** Factors as the stability code takes them. */
async function factorsOf({ n, m, K, values }: RecordedFactors, gemm: Gemm): Promise<Factors> {
  const own =
    values.kind === "gram"
      ? await factorSpectrum(values.gram, { n: m, K }, "all", gemm)
      : { n: m, K, r: values.r, lambda: values.lambda, A: values.A, fullRank: values.fullRank };
  return m < n ? { ...own, population: n } : own;
}

/** P itself stays with the script: what is recorded is in the coordinates P^{1/2}θ. */
const descentOf = ({
  dynamics,
  learningRate,
  preconditioned,
}: Pick<RecordedFactors, "dynamics" | "learningRate" | "preconditioned">): Descent => ({
  ...dynamics,
  learningRate,
  preconditioner: preconditioned ? new Float32Array() : null,
  settled: true,
});

/** @throws what the stability code throws on numbers no factors have. */
export async function fromFactors(
  recorded: RecordedFactors,
  { budget, gemm, seed, extent }: JudgingOptions,
): Promise<FromFactors> {
  const descent = descentOf(recorded);
  const noVariance = noMeanSquare(descent);
  if (noVariance !== null)
    return {
      descent,
      readings: [],
      facts: { noVariance },
      sharpnessError: recorded.m < recorded.n ? Infinity : 0,
      leftOut: [],
    };
  const { batchSize, sampling, dropLast, m, n } = recorded;
  const point: Drawn = { descent, batchSize, sampling, dropLast, seed, gemm };
  const factors = await factorsOf(recorded, gemm);
  const settings = { ...descent, batchSize, gemm, noise: new NoiseGain(factors, gemm) };
  const found: MeanSquare = {
    factors,
    noise: settings.noise,
    limit: await varianceLimit(factors, settings),
    growth: await growth(factors, settings),
  };
  const errors = m < n ? await samplingErrors(factors, point) : { sharpness: 0, limit: 0, growth: 0 };
  const read = new Readings({ meter: { products: 0, check: () => undefined } });
  const variance = m < n ? addSampled(found, n, errors, read) : whole(found, read);
  let facts: Facts = { variance };
  if (extent === "limits")
    return { descent, readings: read.list, facts, sharpnessError: sharpnessOf(errors), leftOut: [] };
  const leftOut: string[] = [];
  const typical = budget.over() ? null : await typicalOf(point, found, shareOf(budget, 0.5));
  if (typical) {
    const widened = m < n ? await widenTypical(typical, factors, { point, errors, budget }) : typical;
    facts = { ...facts, typical: widened };
    await addTypical(point, found, widened, { read, budget });
  } else leftOut.push("Left out: what a typical run does.");
  if (budget.over()) leftOut.push("Left out: the map over batch sizes.");
  else {
    const { map, ...smallest } = await mapOf(point, found);
    facts = { ...facts, ...smallest, map: await withTypical(point, found, map, budget) };
  }
  const sampled =
    m < n ? read.list.map((reading) => ({ ...reading, method: `${reading.method}${of(m, n)}` })) : read.list;
  return { descent, readings: sampled, facts, sharpnessError: sharpnessOf(errors), leftOut };
}

const sharpnessOf = (errors: SamplingErrors | null): number => errors?.sharpness ?? Infinity;

const of = (m: number, n: number): string => `; ${m} of ${n} examples`;

function whole(found: MeanSquare, read: Readings): Bracket {
  addMeanSquare(found, read);
  return found.limit;
}
