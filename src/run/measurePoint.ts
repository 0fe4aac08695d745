// Everything that can be said about one point θ: the metrics, and the readings a verdict rests on.
import { traceAndNorm } from "../curvature/trace";
import { EigenTracker } from "../curvature/tracker";
import type { Descent, ProbeContext } from "../probes";
import { measureChain } from "../probes/chain";
import { batchSharpness, gradientCovariance, noiseCurvature } from "../probes/gradientNoise";
import { noVarianceReading, varianceReading } from "../probes/noise";
import { meanLimitOf, preconditionedSharpness } from "../probes/sharpness";
import type { MetricValues } from "../protocol/metrics";
import type { JudgedReading as Reading } from "../types/verdict";
import { stabilityMap, type MapRow } from "../stability/stabilityMap";
import { smallestStableBatch } from "../stability/growth";
import type { ChainLink } from "../stability/chain";
import type { Bracket } from "../stability/varianceLimit";
import { norm } from "../util/linalg/vector";
import { Rng } from "../util/rng";
import { descentOf, type OptimizerState } from "./descent";
import type { Problem } from "./problem";

/** Relative error of the limits in the stability map. */
const mapTolerance = 1e-4;
/** Up to this many rows of the Gram matrix a closing reading is exact; above it a bracket of this rank. */
const exactRows = 1000;
const closingRank = 96;
/** Above this many multiplications a product (n·d) each direction costs seconds, and a third of them has to do. */
const dearProduct = 1e8;
/** A preconditioned Gram matrix costs a product a row: multiplications at most. */
const dearGram = 1e10;

export interface PointReadings {
  readonly metrics: MetricValues;
  readonly loss: number;
  readonly gradNorm: number;
  readonly interpolationResidual: number;
  readonly sharpness: Reading;
  readonly gaussNewtonSharpness: Reading;
  readonly nonuniformity: Reading;
  readonly growth: Reading | null;
  readonly preconditionedSharpness: Reading | null;
  readonly descent: Descent;
  readonly meanLimit: number;
  readonly meanLimitError: number;
  readonly variance: Bracket | null;
  /** Why there is no mean-square reading, or null. */
  readonly noVariance: string | null;
  readonly smallestStableBatch: number | null;
  readonly chain: readonly ChainLink[];
  readonly map: readonly MapRow[] | null;
}

export interface MeasureOptions {
  /** Probe memories of the run, to start from. */
  readonly warm?: ReadonlyMap<string, readonly Float32Array[]>;
  /** Told what is being measured. */
  readonly say?: (what: string) => void;
  /** `full` adds the readings a verdict does not need: trace, Frobenius norm, gradient noise. */
  readonly extent?: "verdict" | "full";
  /** The first training loss, where it is known. */
  readonly initialLoss?: number;
}

/** Measures at θ. */
export async function measurePoint(
  problem: Problem,
  context: ProbeContext,
  theta: Float32Array,
  state: OptimizerState,
  { warm = new Map(), say = () => undefined, extent = "verdict", initialLoss = NaN }: MeasureOptions = {},
): Promise<PointReadings> {
  const { experiment, d } = problem;
  const { curvature } = context;
  curvature.setPoint(theta);
  const rng = new Rng(experiment.seed, "measure");
  const top = experiment.probes.sharpness?.top ?? 1;

  say("loss and gradient");
  const here = await curvature.evaluate();
  const { train, test } = await context.score();
  const gradNorm = norm(here.gradient);
  context.descent = descentOf(experiment.optimizer, state, here.gradient);
  const { descent } = context;

  const track = async (what: string, top: number, tolerance: number, op = curvature.hessian()) => {
    say(what);
    const tracker = new EigenTracker({ size: d, top, tolerance, rng });
    // The vectors alone: here the point may well be that of the last reading.
    if (what === "sharpness") tracker.restore((warm.get("sharpness") ?? []).filter((v) => v.length === d));
    return tracker.measure(op);
  };
  const sharp = await track("sharpness", top, experiment.probes.sharpness?.tolerance ?? 1e-3);
  say("preconditioned sharpness");
  const scaled = new EigenTracker({ size: d, top: 1, tolerance: 1e-3, rng });
  const own = await preconditionedSharpness(context, scaled);
  const flat = await track("Gauss–Newton sharpness", 1, 1e-3, curvature.gaussNewton());
  const uneven = await track("non-uniformity", 1, 1e-3, curvature.noiseMatrix());
  const s = Math.sqrt(Math.max(0, uneven.values[0]));

  const whole = extent === "full" ? await wholeReadings(context, here.loss, rng, say) : {};
  say("input smoothness");
  const chain = await measureChain(context, {
    train: problem.data.train.x,
    test: problem.data.test?.x ?? null,
    testLoss: test?.loss ?? null,
    interpolated: isInterpolated(here.loss, initialLoss, residual(problem, here.outputs)),
  });

  say("mean-square limit");
  const noVariance = noVarianceReading(descent);
  const variance = noVariance === null ? await varianceAt(problem, context) : null;

  const mean = meanLimitOf(sharp.values[0], own?.values[0] ?? null, descent);
  const [decisive, decisiveError] = own ? [own.values[0], own.errors[0]] : [sharp.values[0], sharp.errors[0]];
  const relative = decisiveError / Math.abs(decisive);
  const metrics: MetricValues = {
    "loss.train": train.loss,
    ...(test ? { "loss.test": test.loss, "gap.loss": test.loss - train.loss } : {}),
    ...(train.accuracy === null ? {} : { "accuracy.train": train.accuracy }),
    ...(test?.accuracy == null || train.accuracy === null
      ? {}
      : { "accuracy.test": test.accuracy, "gap.accuracy": train.accuracy - test.accuracy }),
    gradNorm,
    sharpness: sharp.values[0],
    "sharpness.error": sharp.errors[0],
    eigenvalues: sharp.values,
    ...(own && {
      preconditionedSharpness: own.values[0],
      "preconditionedSharpness.error": own.errors[0],
    }),
    gaussNewtonSharpness: flat.values[0],
    nonuniformity: s,
    ...whole,
    "smoothness.input": chain.smoothness,
    ...(chain.bound === null ? {} : { "smoothness.bound": chain.bound }),
    "stability.meanLimit": mean,
    ...(variance && {
      "stability.varianceLimit": variance.limit.upper,
      "stability.varianceLimit.lower": variance.limit.lower,
      "stability.growth": variance.growth.rho,
    }),
    "stability.limit": Math.min(mean, variance?.limit.upper ?? Infinity),
  };
  return {
    metrics,
    loss: here.loss,
    gradNorm,
    interpolationResidual: residual(problem, here.outputs),
    sharpness: {
      value: sharp.values[0],
      error: sharp.errors[0],
      how: `Lanczos on the full Hessian, ${sharp.products} products`,
    },
    gaussNewtonSharpness: {
      value: flat.values[0],
      error: flat.errors[0],
      how: `Lanczos on the Gauss–Newton matrix, ${flat.products} products`,
    },
    // d√λ = dλ / (2√λ)
    nonuniformity: {
      value: s,
      error: s > 0 ? uneven.errors[0] / (2 * s) : uneven.errors[0],
      how: `Lanczos on Σ from Gauss–Newton factors, ${uneven.products} products`,
    },
    growth: variance && {
      value: variance.growth.rho,
      error: variance.growth.error,
      how: `second-moment map of rank ${variance.factors.r} of ${variance.factors.fullRank}`,
    },
    preconditionedSharpness: own && {
      value: own.values[0],
      error: own.errors[0],
      how: `Lanczos on P^-½ H P^-½, ${own.products} products`,
    },
    descent,
    meanLimit: mean,
    meanLimitError: Number.isFinite(mean) ? mean * relative : 0,
    variance: variance?.limit ?? null,
    noVariance,
    smallestStableBatch: variance?.smallestStableBatch ?? null,
    map: variance?.map ?? null,
    chain: chain.links,
  };
}

/** Training loss relative to its first value below which the examples count as interpolated. */
export const interpolatedBelow = 1e-2;

/** Whether every example is fitted, as far as loss and outputs tell. */
export const isInterpolated = (loss: number, initialLoss: number, interpolationResidual: number): boolean =>
  Number.isFinite(initialLoss) ? loss <= interpolatedBelow * initialLoss : interpolationResidual < 0.1;

/** Multiplications that exact trace and Frobenius norm may cost: a product per parameter. */
const exactWork = 5e10;

/** What a verdict does not need and `basin measure` gives all the same. */
async function wholeReadings(
  context: ProbeContext,
  loss: number,
  rng: Rng,
  say: (what: string) => void,
): Promise<MetricValues> {
  const { curvature, n, experiment } = context;
  const { size } = curvature;
  say("trace and Frobenius norm");
  const exact = size * size * n <= exactWork;
  const { trace, frobenius } = await traceAndNorm(curvature.hessian(), rng, { exact });
  say("gradient noise");
  const covariance = await gradientCovariance(context);
  const batch = await batchSharpness(context, rng);
  // The alignment is defined for square losses.
  const aligned: Record<string, number> = {};
  if (experiment.loss !== "cross-entropy") {
    say("noise alignment");
    const curved = await noiseCurvature(context, covariance.gradient, rng);
    const value = curved.value / (2 * loss * frobenius.value ** 2);
    const relative = Math.hypot(curved.error / curved.value, (2 * frobenius.error) / frobenius.value);
    aligned["noise.alignment"] = value;
    aligned["noise.alignment.error"] = Math.abs(value) * relative;
  }
  return {
    trace: trace.value,
    "trace.error": trace.error,
    frobenius: frobenius.value,
    "frobenius.error": frobenius.error,
    "noise.trace": covariance.trace,
    "noise.scale": covariance.scale,
    ...aligned,
    "noise.batchSharpness": batch.value,
    "noise.batchSharpness.error": batch.error,
  };
}

/** The mean-square readings, exact where that is affordable. */
async function varianceAt({ n, d, data }: Problem, context: ProbeContext) {
  const { descent, gemm } = context;
  const rows = n * data.outputs;
  const dear = descent.preconditioner !== null && rows * n * d > dearGram;
  const exact = rows <= exactRows && !dear;
  const rank = exact ? "all" : n * d > dearProduct ? closingRank / 3 : closingRank;
  const reading = await varianceReading(context, rank);
  const { factors, noise } = reading;
  return {
    ...reading,
    map: await stabilityMap(factors, { ...descent, gemm, noise, tolerance: mapTolerance }),
    smallestStableBatch: await smallestStableBatch(factors, { ...descent, gemm, noise }),
  };
}

/** Root mean square of f − y for square losses; mean of 1 − p(label) for cross-entropy. */
function residual({ experiment, data }: Problem, outputs: Float32Array): number {
  const { y, n } = data.train;
  const K = data.outputs;
  if (experiment.loss !== "cross-entropy") {
    let total = 0;
    for (let i = 0; i < y.length; i++) total += (outputs[i] - y[i]) ** 2;
    return Math.sqrt(total / y.length);
  }
  let total = 0;
  for (let i = 0; i < n; i++) {
    const row = outputs.subarray(i * K, (i + 1) * K);
    const top = Math.max(...row);
    const sum = row.reduce((a, f) => a + Math.exp(f - top), 0);
    for (let k = 0; k < K; k++) total += y[i * K + k] * (1 - Math.exp(row[k] - top) / sum);
  }
  return total / n;
}
