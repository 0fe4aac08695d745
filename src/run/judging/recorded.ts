// A recorded run as what a verdict is assembled from: its readings at a step, and what the stability code made of its factors there.
import type { Closing } from "../../measure/closing";
import type { Descent } from "../../measure/point";
import type { Experiment } from "../../protocol/experiment";
import type { RecordedFactors } from "../../record/decodeFactors";
import type { RunSeries } from "../../record/runSeries";
import type { CoursePoint } from "../../stability/hovering";
import { reach } from "../../measure/sampling";
import { meanGrowth } from "../../stability/response";
import { meanLimit } from "../../stability/thresholds";
import type { Reading } from "../../types/reading";
import type { Judged } from "../judge";
import type { FromFactors } from "./fromFactors";

/** Metrics that a script records and a verdict names. */
const named = [
  "loss.train",
  "gradNorm",
  "sharpness",
  "preconditionedSharpness",
  "eigenvalue.min",
  "gaussNewtonSharpness",
  "nonuniformity",
] as const;

/** How a reading's method begins where its products were finite differences. */
const roughly = /^finite differences/;

export interface Recorded {
  readonly experiment: Experiment;
  readonly series: RunSeries;
  readonly step: number;
  /** Factors of this step with what was made of them; null where none were recorded. */
  readonly factors: { readonly recorded: RecordedFactors; readonly found: FromFactors } | null;
}

/** The optimizer's linear dynamics at a step without factors, by what the log's header says; null where it says nothing. */
function descentByHeader({ header }: RunSeries, learningRate: number): Descent | null {
  if (!header?.dynamics) return null;
  const { preconditioned, ...dynamics } = header.dynamics;
  return {
    ...dynamics,
    learningRate,
    preconditioner: preconditioned ? new Float32Array() : null,
    settled: true,
  };
}

/** The newest reading of a metric up to a step, its error bar widened by that of sampling. */
function readingAt(series: RunSeries, metric: string, step: number, sampling: number): Reading | null {
  const value = series.column(metric).at(step);
  if (value === undefined) return null;
  const error = series.column(`${metric}.error`).at(step);
  const { how = "estimate", method = "recorded by the script" } = series.methods.get(metric) ?? {};
  const widened =
    /harpness$|^eigenvalue\.min$/.test(metric) && (error !== undefined || sampling > 0)
      ? Math.hypot(error ?? 0, sampling === 0 ? 0 : reach * sampling * Math.abs(value))
      : error;
  return {
    metric,
    value,
    how,
    method,
    cost: { products: 0, seconds: 0 },
    ...(widened !== undefined && { error: widened }),
  };
}

/** Mean limit from the sharpness that decides, with its error in η. A preconditioned reading holds the weight decay of the gradient already. */
function meanReading(readings: readonly Reading[], descent: Descent): Reading | null {
  const metric = descent.preconditioner ? "preconditionedSharpness" : "sharpness";
  const reading = readings.find((one) => one.metric === metric);
  if (typeof reading?.value !== "number") return null;
  const { value, error = 0, cost } = reading;
  const limit = meanLimit(value, descent.preconditioner ? { ...descent, weightDecay: 0 } : descent);
  const own = typeof error === "number" ? Math.abs((limit * error) / value) : NaN;
  return {
    metric: "stability.meanLimit",
    value: limit,
    error: Number.isFinite(limit) ? own : 0,
    how: "estimate",
    method: `from the ${descent.preconditioner ? "preconditioned sharpness" : "sharpness"}`,
    cost,
  };
}

function courseOf(series: RunSeries, rate: number): CoursePoint[] {
  const { steps, values } = series.column("stability.limit");
  const lossAt = (step: number) =>
    series.column("loss.train").at(step) ?? series.column("loss.batch").at(step) ?? NaN;
  return Array.from(values, (limit, i) => ({
    step: steps[i],
    share: (series.column("learningRate").at(steps[i]) ?? rate) / limit,
    loss: lossAt(steps[i]),
  }));
}

const firstOf = (series: RunSeries): number =>
  series.column("loss.train").values[0] ?? series.column("loss.batch").values[0] ?? NaN;

/** Sentences on what the numbers are of. */
function evidenceOf({ series, step, factors }: Recorded): string[] {
  const { header } = series;
  const [held, all] = factors
    ? [factors.recorded.m, factors.recorded.n]
    : [header?.held ?? header?.examples, header?.examples];
  const lines: string[] = [];
  if (held !== undefined && all !== undefined && held < all)
    lines.push(
      `Loss, gradient and every curvature are those of ${held} of the ${all} training examples: estimates, whose error bars hold what another sample would change (jackknife over groups of examples, two standard errors in each limit).`,
    );
  if (!factors)
    lines.push(
      "No factors were recorded: what the noise of the batches does is not known. The noise probe of `basin.watch` records them.",
    );
  if (factors?.recorded.notes) lines.push(factors.recorded.notes);
  const sharp = series.column("sharpness");
  const before = sharp.steps.findLast((at) => at <= step);
  if (before !== undefined && before < step) lines.push(`The sharpness is that of step ${before}.`);
  return lines;
}

/** What is judged at a step. */
export function judgedOf(from: Recorded): Judged {
  const { series, step, factors } = from;
  const { recorded, found } = factors ?? {};
  const { header, ended, diverged } = series;
  const base = from.experiment.optimizer;
  const n = recorded?.n ?? header?.examples ?? NaN;
  const rate = recorded?.learningRate ?? series.column("learningRate").at(step) ?? base.learningRate;
  const experiment: Experiment = {
    ...from.experiment,
    optimizer: {
      ...base,
      ...(recorded && {
        kind: recorded.optimizer,
        batchSize: recorded.batchSize,
        sampling: recorded.sampling,
      }),
    } as Experiment["optimizer"],
  };
  const descent = found?.descent ?? descentByHeader(series, rate);
  const sampled = (recorded?.m ?? header?.held ?? n) < n;
  const sampling = found?.sharpnessError ?? (sampled ? Infinity : 0);
  const own = named.flatMap((metric) => readingAt(series, metric, step, sampling) ?? []);
  const mean = descent && meanReading(own, descent);
  const loss = series.column("loss.train").at(step) ?? series.column("loss.batch").at(step) ?? NaN;
  const gradNorm = series.column("gradNorm").at(step) ?? NaN;
  const flattest = descent && flattestOf(own, descent);
  const closing: Closing | null = descent && {
    minimum: {
      loss,
      gradNorm,
      slope: descent.preconditioner ? (recorded?.slope ?? NaN) : gradNorm ** 2,
      interpolationResidual: NaN,
    },
    descent,
    readings: [...own, ...(mean ? [mean] : []), ...(found?.readings ?? [])],
    cost: { products: 0, seconds: 0 },
    facts: { ...found?.facts, ...(flattest && { flattest }) },
    leftOut: [...evidenceOf(from), ...(found?.leftOut ?? [])],
  };
  const sharp = series.methods.get(descent?.preconditioner ? "preconditionedSharpness" : "sharpness");
  return {
    experiment,
    n,
    step,
    diverged: ended?.reason === "diverged" || diverged !== undefined,
    divergedAt: diverged?.step,
    initialLoss: firstOf(series),
    loss: diverged ? (series.number("loss.batch") ?? series.number("loss.train") ?? NaN) : loss,
    kinks: [],
    closing,
    course: courseOf(series, rate),
    dynamics: header?.dynamics ?? {},
    approximate: recorded?.approximate === true || roughly.test(sharp?.method ?? ""),
  };
}

/** The most negative curvature without a preconditioner: λmin of H itself. */
function flattestOf(readings: readonly Reading[], descent: Descent) {
  const reading = readings.find(({ metric }) => metric === "eigenvalue.min");
  if (typeof reading?.value !== "number" || typeof reading.error !== "number" || descent.preconditioner)
    return null;
  const { value, error } = reading;
  return {
    value: value + (descent.weightDecay ?? 0),
    error,
    growth: meanGrowth(Float64Array.of(value), { ...descent, p: 0 }),
  };
}
