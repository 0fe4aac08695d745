// Everything that can be said about one point θ: the metrics, and the readings a verdict rests on.
import { traceAndNorm } from "../curvature/trace";
import { EigenTracker } from "../curvature/tracker";
import type { ProbeContext } from "../probes";
import { varianceReading } from "../probes/noise";
import type { MetricValues } from "../protocol/metrics";
import type { Reading } from "../protocol/verdict";
import { smallestStableBatch } from "../stability/growth";
import { meanLimit } from "../stability/thresholds";
import type { Bracket } from "../stability/varianceLimit";
import { norm } from "../util/linalg/vector";
import { Rng } from "../util/rng";
import type { Problem } from "./problem";

/** Up to this many rows of the Gram matrix a closing reading is exact; above it a bracket of this rank. */
const exactRows = 1000;
const closingRank = 96;
/** Above this many multiplications a product (n·d) each direction costs seconds, and a third of them has to do. */
const dearProduct = 1e8;
/** Momentum doubles the state, so its exact map is affordable up to half of that. */
const exactRowsMomentum = 300;

export interface PointReadings {
  readonly metrics: MetricValues;
  readonly loss: number;
  readonly gradNorm: number;
  readonly interpolationResidual: number;
  readonly sharpness: Reading;
  readonly gaussNewtonSharpness: Reading;
  readonly nonuniformity: Reading;
  readonly growth: Reading;
  readonly meanLimit: number;
  readonly meanLimitError: number;
  readonly variance: Bracket;
  readonly smallestStableBatch: number | null;
}

/** Measures at θ. `warm`: probe memories of the run, to start from. `say` is told what is being measured. */
export async function measurePoint(
  problem: Problem,
  context: ProbeContext,
  theta: Float32Array,
  warm: ReadonlyMap<string, readonly Float32Array[]> = new Map(),
  say: (what: string) => void = () => undefined,
  /** `full` adds the readings a verdict does not need: trace and Frobenius norm. */
  extent: "verdict" | "full" = "verdict",
): Promise<PointReadings> {
  const { experiment, d, n } = problem;
  const { optimizer } = experiment;
  const { curvature } = context;
  curvature.setPoint(theta);
  const rng = new Rng(experiment.seed, "measure");
  const top = experiment.probes.sharpness?.top ?? 1;

  say("loss and gradient");
  const here = await curvature.evaluate();
  const { train, test } = await context.score();
  const gradNorm = norm(here.gradient);

  const track = async (what: string, top: number, tolerance: number, op = curvature.hessian()) => {
    say(what);
    const tracker = new EigenTracker({ size: d, top, tolerance, rng });
    if (what === "sharpness") tracker.restore([...(warm.get("sharpness") ?? [])]);
    return tracker.measure(op);
  };
  const sharp = await track("sharpness", top, experiment.probes.sharpness?.tolerance ?? 1e-3);
  const flat = await track("Gauss–Newton sharpness", 1, 1e-3, curvature.gaussNewton());
  const uneven = await track("non-uniformity", 1, 1e-3, curvature.noiseMatrix());
  const s = Math.sqrt(Math.max(0, uneven.values[0]));

  let whole: MetricValues = {};
  if (extent === "full") {
    say("trace and Frobenius norm");
    const { trace, frobenius } = await traceAndNorm(curvature.hessian(), rng);
    whole = { trace: trace.value, frobenius: frobenius.value };
  }

  say("mean-square limit");
  const rows = n * problem.data.outputs;
  const exact = rows <= (optimizer.momentum > 0 ? exactRowsMomentum : exactRows);
  const {
    factors,
    limit,
    growth: rate,
  } = await varianceReading(
    context,
    exact ? "all" : optimizer.momentum > 0 || n * d > dearProduct ? closingRank / 3 : closingRank,
  );
  const { momentum, nesterov, learningRate } = optimizer;
  const smallest = await smallestStableBatch(factors, {
    learningRate,
    momentum,
    nesterov,
    gemm: context.gemm,
  });

  const mean = meanLimit(sharp.values[0], optimizer);
  const relative = sharp.residuals[0] / Math.abs(sharp.values[0]);
  const metrics: MetricValues = {
    "loss.train": train.loss,
    ...(test ? { "loss.test": test.loss, "gap.loss": test.loss - train.loss } : {}),
    ...(train.accuracy === null ? {} : { "accuracy.train": train.accuracy }),
    ...(test?.accuracy == null || train.accuracy === null
      ? {}
      : { "accuracy.test": test.accuracy, "gap.accuracy": train.accuracy - test.accuracy }),
    gradNorm,
    sharpness: sharp.values[0],
    "sharpness.error": sharp.residuals[0],
    eigenvalues: sharp.values,
    gaussNewtonSharpness: flat.values[0],
    nonuniformity: s,
    ...whole,
    "stability.meanLimit": mean,
    "stability.varianceLimit": limit.upper,
    "stability.varianceLimit.lower": limit.lower,
    "stability.limit": Math.min(mean, limit.upper),
    "stability.growth": rate.rho,
  };
  return {
    metrics,
    loss: here.loss,
    gradNorm,
    interpolationResidual: residual(problem, here.outputs),
    sharpness: {
      value: sharp.values[0],
      error: sharp.residuals[0],
      how: `Lanczos on the full Hessian, ${sharp.products} products`,
    },
    gaussNewtonSharpness: {
      value: flat.values[0],
      error: flat.residuals[0],
      how: `Lanczos on the Gauss–Newton matrix, ${flat.products} products`,
    },
    // d√λ = dλ / (2√λ)
    nonuniformity: {
      value: s,
      error: s > 0 ? uneven.residuals[0] / (2 * s) : uneven.residuals[0],
      how: `Lanczos on Σ from Gauss–Newton factors, ${uneven.products} products`,
    },
    growth: {
      value: rate.rho,
      error: rate.error,
      how: `second-moment map of rank ${factors.r} of ${factors.fullRank}`,
    },
    meanLimit: mean,
    meanLimitError: Number.isFinite(mean) ? mean * relative : 0,
    variance: limit,
    smallestStableBatch: smallest,
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
