// What would become of a run's point at another learning rate and batch size, as far as what was recorded tells. Pure.
import { growthBounds, type GrowthEvidence } from "../../src/stability/growthBounds";
import { escapeTime } from "../../src/stability/growth";
import type { Dynamics } from "../../src/stability/thresholds";
import { earlyDynamics, rateAt } from "../../src/record/limits";
import { num } from "../format";
import type { RunModel } from "./runModel";

export interface TrialSettings {
  readonly learningRate: number;
  readonly batchSize: number;
}

export interface TrialOutcome {
  readonly state: "holds" | "leaves" | "undecided" | "unknown";
  readonly growth: string;
  readonly escape: string;
  /** What would have to be measured to say more; undefined where nothing is missing. */
  readonly missing: string | undefined;
}

/** Examples of the training set; undefined while nothing tells. */
const examplesOf = ({ series, verdict }: RunModel): number | undefined =>
  series.header?.examples ?? verdict?.settings.examples;

/** The run's own settings, which a trial begins with. */
export function ownSettings(run: RunModel): TrialSettings | undefined {
  const n = examplesOf(run);
  const { batchSize } = run.info.experiment.optimizer;
  if (n === undefined) return undefined;
  return {
    learningRate: run.verdict?.settings.learningRate ?? rateAt(run, Infinity),
    batchSize: batchSize === "full" ? n : Math.min(batchSize, n),
  };
}

/** Batch sizes a trial may have: those of the verdict's map, the run's own and all examples. */
export function batchSizesOf(run: RunModel): number[] {
  const own = ownSettings(run);
  const n = examplesOf(run);
  const sizes = [...(run.verdict?.map ?? []).map(({ batchSize }) => batchSize), own?.batchSize, n];
  return [...new Set(sizes.filter((size) => size !== undefined))].sort((a, b) => a - b);
}

type Reading = { readonly value: number; readonly error: number };

/** The verdict's reading, else the latest one of the run. */
function readingOf(
  { verdict, series }: RunModel,
  judged: "sharpness" | "preconditionedSharpness" | "gaussNewtonSharpness",
): Reading | undefined {
  const own = verdict?.readings[judged];
  if (own) return own;
  const value = series.number(judged);
  return value === undefined ? undefined : { value, error: series.number(`${judged}.error`) ?? 0 };
}

function dynamicsOf({ series, info }: RunModel): {
  readonly preconditioned: boolean;
  readonly dynamics: Dynamics;
} {
  const { optimizer } = info.experiment;
  const { preconditioned, ...dynamics } = series.header?.dynamics ?? earlyDynamics(optimizer);
  return { preconditioned, dynamics: preconditioned ? { ...dynamics, weightDecay: 0 } : dynamics };
}

/** Between which values η* lies at a batch size: it does not fall as batches grow, so that neighbours on the map bound it. */
export function limitAt(
  run: RunModel,
  batchSize: number,
): { readonly lower: number; readonly upper: number } {
  const { verdict, series } = run;
  const own = ownSettings(run)?.batchSize ?? Infinity;
  const bracket = verdict ? verdict.limits.variance : null;
  const measured = verdict
    ? { lower: bracket?.lower, upper: bracket?.upper }
    : {
        lower: series.number("stability.varianceLimit.lower"),
        upper: series.number("stability.varianceLimit"),
      };
  const rows = verdict?.map ?? [];
  const smaller = rows.findLast((row) => row.batchSize <= batchSize);
  const larger = rows.find((row) => row.batchSize >= batchSize);
  const finite = (x: number | undefined, otherwise: number): number =>
    x !== undefined && x > 0 ? x : otherwise;
  // A map of fewer than all directions bounds from above alone.
  const mapped = bracket?.exact ? finite(smaller?.largestStableLearningRate, 0) : 0;
  return {
    lower: Math.max(mapped, batchSize >= own ? finite(measured.lower, 0) : 0),
    upper: Math.min(
      finite(larger?.largestStableLearningRate, Infinity),
      batchSize <= own ? finite(measured.upper, Infinity) : Infinity,
    ),
  };
}

/** What is known of the point, or what is missing. */
function evidenceOf(run: RunModel, { batchSize }: TrialSettings): GrowthEvidence | string {
  const n = examplesOf(run);
  if (n === undefined) return "The number of training examples is not known yet.";
  const { preconditioned, dynamics } = dynamicsOf(run);
  if (dynamics.radius) return "For SAM no other settings can be judged: its limit moves with the slope.";
  const noisy = batchSize < n;
  if (preconditioned && noisy)
    return `For ${run.info.experiment.optimizer.kind} no mean-square limit is known: choose all examples for the mean condition.`;
  const name = preconditioned ? "preconditionedSharpness" : noisy ? "gaussNewtonSharpness" : "sharpness";
  const reading = readingOf(run, name);
  if (!reading || !Number.isFinite(reading.value))
    return noisy
      ? "It needs the Gauss–Newton sharpness, which the noise probe and the verdict measure."
      : "It needs the sharpness, which the sharpness probe and the verdict measure.";
  const { verdict } = run;
  const growth = verdict?.readings.growth;
  const own = ownSettings(run);
  return {
    n,
    dynamics,
    sharpness: { low: reading.value - reading.error, high: reading.value + reading.error },
    limit: noisy ? limitAt(run, batchSize) : { lower: 0, upper: Infinity },
    known:
      growth && own && verdict.limits.variance
        ? { ...own, rho: growth.value, error: growth.error, exact: verdict.limits.variance.exact }
        : undefined,
  };
}

/** Growth and escape time at these settings, at the point that was measured last. */
export function tryOut(run: RunModel, settings: TrialSettings): TrialOutcome {
  const evidence = evidenceOf(run, settings);
  if (typeof evidence === "string")
    return { state: "unknown", growth: "ρ not known", escape: "escape time not known", missing: evidence };
  const { lower, upper } = growthBounds(settings, evidence);
  if (!(lower <= upper))
    return { state: "unknown", growth: "ρ not known", escape: "escape time not known", missing: conflict };
  if (upper <= 1) return { state: "holds", growth: "ρ ≤ 1", escape: "does not leave", missing: undefined };
  const leaves = lower > 1 || settings.learningRate > evidence.limit.upper;
  const most = Number.isFinite(upper);
  return {
    state: leaves ? "leaves" : "undecided",
    growth: growthWords(lower, upper, leaves),
    escape: escapeWords(lower, upper),
    missing: most && leaves ? undefined : missingWords(evidence, most),
  };
}

const conflict = "The readings it would rest on contradict one another: they were taken at different points.";

function growthWords(lower: number, upper: number, leaves: boolean): string {
  if (!Number.isFinite(upper)) return lower > 1 ? `ρ ≥ ${num(lower)}` : leaves ? "ρ > 1" : "ρ not known";
  if (upper - lower < 5e-4 * upper) return `ρ = ${num((lower + upper) / 2)}`;
  return lower >= 1 ? `ρ from ${num(lower)} to ${num(upper)}` : `ρ ≤ ${num(upper)}`;
}

/** In how many steps the mean square distance grows e-fold. */
function escapeWords(lower: number, upper: number): string {
  const [soonest, latest] = [Number.isFinite(upper) ? escapeTime(upper) : null, escapeTime(lower)];
  if (latest !== null && latest < 1) return "e-fold in under one step";
  const [from, to] = [soonest, latest].map((steps) =>
    steps === null ? null : num(Number(steps.toPrecision(3))),
  );
  if (from !== null && to !== null && from === to) return `e-fold in ${to} steps`;
  if (to !== null)
    return soonest === null || soonest < 1 ? `e-fold within ${to} steps` : `e-fold in ${from} to ${to} steps`;
  return from === null ? "escape time not known" : `e-fold in ${from} steps at the soonest`;
}

const missingWords = ({ limit }: GrowthEvidence, bounded: boolean): string =>
  limit.lower < limit.upper && Number.isFinite(limit.upper)
    ? 'The mean-square limit is a bracket here: a higher rank of the noise probe, or "closing": "full", narrows it.'
    : bounded
      ? "Neither below a limit that was certified nor above one that was exceeded."
      : "There is no mean-square limit to go by: the noise probe and the verdict measure it.";
