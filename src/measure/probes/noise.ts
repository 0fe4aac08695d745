// Noise: how unevenly the examples curve the loss, and the learning rate at which that alone breaks stability.
import type { LinearOperator } from "../../curvature/operator";
import { BudgetSpent, shareOf } from "../budget";
import { roundingOf } from "../evaluation";
import { closingRankOf, mapOf, meanSquare, noMeanSquare, type MeanSquare } from "../meanSquare";
import { rowsAreDear } from "../noiseFactors";
import { stateless, type Point } from "../point";
import { addSampled, widenTypical } from "../sampledMeanSquare";
import { isSample, meanError, populationOf, samplingErrors, type SamplingErrors } from "../sampling";
import type { Bracket } from "../../types/bracket";
import { addFourthMoment, addTypical, typicalOf, withTypical } from "../typical";
import { cutShort, Readings, type Facts, type Measured, type Probe, type Task } from "../probe";

const defaults = { rank: 32, tolerance: 1e-2 } as const;
/** Relative error of the eigenvalues a verdict shows. */
const closingTolerance = 1e-3;

/** Σ is the difference of two matrices as large as a²: what float32 leaves of it is right to this share of their sum. */
const evaluation = 2 ** -21;

/** dλ² = 2λ dλ, but the two matrices whose difference Σ is are off in part alike. */
const shared = 1.9;

/** Smallest number that float32 holds with all its digits. */
const underflow = 2 ** -126;

/** How far √(x ± error) lies from √x at most, x ≥ 0: near zero as far as √error. */
const rootError = (x: number, error: number): number =>
  Math.max(Math.sqrt(x) - Math.sqrt(Math.max(0, x - error)), Math.sqrt(x + error) - Math.sqrt(x));

/** A / unit. */
const scaled = (op: LinearOperator, unit: number): LinearOperator => ({
  size: op.size,
  async apply(v, out) {
    await op.apply(v, out);
    for (let i = 0; i < out.length; i++) out[i] /= unit;
  },
});

/** Sharpness of the Gauss–Newton matrix, and non-uniformity. */
async function unevenness(task: Task, read: Readings): Promise<string[]> {
  const { point, probes, effort, memory, budget } = task;
  const tolerance = effort === "closing" ? closingTolerance : (probes.noise ?? defaults).tolerance;
  const tracker = memory.tracker("gaussNewton", { size: point.size, top: 1, tolerance });
  const flat = await tracker.measure(point.gaussNewton!(), shareOf(budget, 0.2).over);
  const rounding = await roundingOf(task, {
    value: flat.values[0],
    vector: flat.vectors.at(0),
    at: (there, v) => there.gaussNewtonAlong(v),
  });
  const sampling = await flatSampling(point, flat.vectors[0]);
  read.lap();
  read.add("gaussNewtonSharpness", flat.values[0], {
    how: "estimate",
    method: "Lanczos on the Gauss–Newton matrix",
    error: flat.errors[0] + rounding,
    sampling,
  });
  const cut = { "Gauss–Newton sharpness": flat.cut };
  if (point.tied && rowsAreDear(point))
    return [
      ...cutShort(cut),
      `the non-uniformity, which with batch normalization takes a product for each of the ${point.examples * point.outputs} rows of the factors`,
    ];
  const more = await nonuniformity(task, { flat: flat.values[0], rounding, tolerance }, read);
  return [...cutShort(cut), ...more];
}

/** ‖Gᵢᵀv‖² [n], what each example adds to n vᵀ((1/n) Σ GᵢGᵢᵀ)v. */
const squaresAlong = (c: Float32Array, K: number): Float64Array =>
  Float64Array.from({ length: c.length / K }, (_, i) =>
    c.subarray(i * K, (i + 1) * K).reduce((sum, x) => sum + x * x, 0),
  );

/** Standard error of the Gauss–Newton sharpness from the sample of examples. Half a product where there is one. */
async function flatSampling(point: Point, v: Float32Array | undefined): Promise<number> {
  if (!isSample(point)) return 0;
  if (!v || point.tied) return Infinity;
  return meanError(point, squaresAlong(await point.factors!.factorCoordinates(v), point.outputs));
}

/** The same of vᵀΣv = (1/n) Σ ‖Hᵢv‖² − ‖Hv‖², whose derivative along an example's weight is ‖Hᵢv‖² − 2 (Hv)ᵀHᵢv. Two products. */
async function unevenSampling(point: Point, v: Float32Array | undefined): Promise<number> {
  if (!isSample(point)) return 0;
  if (!v || point.tied) return Infinity;
  const { outputs: K, factors } = point;
  const hv = new Float32Array(point.size);
  await point.gaussNewton!().apply(v, hv);
  const along = await factors!.factorCoordinates(v);
  const across = await factors!.factorCoordinates(hv);
  const blocks = await factors!.kernelBlocks();
  const shares = Float64Array.from({ length: point.examples }, (_, i) => {
    let share = 0;
    for (let k = 0; k < K; k++) {
      const row = i * K + k;
      let image = 0;
      for (let m = 0; m < K; m++) image += blocks[row * K + m] * along[i * K + m];
      share += along[row] * (image - 2 * across[row]);
    }
    return share;
  });
  return meanError(point, shares);
}

/** λmax(Σ)^½. Returns what the budget left out of it. */
async function nonuniformity(
  { point, memory, budget }: Task,
  {
    flat,
    rounding,
    tolerance,
  }: { readonly flat: number; readonly rounding: number; readonly tolerance: number },
  read: Readings,
): Promise<string[]> {
  // Squares of large curvatures leave the range of float32.
  const unit = flat > 0 ? flat ** 2 : 1;
  const tracker = memory.tracker("noise", { size: point.size, top: 1, tolerance });
  const operator = scaled(point.factors!.noiseMatrix(), unit);
  const { values, errors, vectors, cut } = await tracker.measure(operator, shareOf(budget, 0.25).over);
  const spread = await unevenSampling(point, vectors[0]);
  read.lap();
  const square = Math.max(0, unit * values[0]);
  const error = unit * errors[0] + evaluation * (square + flat ** 2) + shared * rounding * Math.abs(flat);
  read.add("nonuniformity", Math.sqrt(square), {
    how: "estimate",
    method: "Lanczos on Σ from Gauss–Newton factors",
    // Below that λ² is lost in float32; Σ is at most n λ² then, for no Hᵢ is larger than n H.
    error: flat ** 2 < underflow ? Math.sqrt(point.examples) * (flat + rounding) : rootError(square, error),
    sampling: spread === 0 ? 0 : rootError(square, spread),
  });
  return cutShort({ "non-uniformity": cut });
}

export function addMeanSquare({ factors, limit, growth }: MeanSquare, read: Readings): void {
  read.lap();
  const method = limit.exact
    ? "second-moment map of all directions"
    : `second-moment map of rank ${factors.r} of ${factors.fullRank}`;
  const how = limit.exact ? "exact" : "bound";
  read.add("stability.varianceLimit", limit.upper, { how, method });
  read.add("stability.varianceLimit.lower", limit.lower, {
    how,
    method: limit.exact ? method : "the sufficient condition over all directions",
  });
  const growthHow = factors.r < factors.fullRank ? "bound" : "estimate";
  read.add("stability.growth", growth.rho, { how: growthHow, method, error: growth.error });
}

/** The limit and the growth as readings; of a sample of the examples as estimates. */
async function addFound(
  point: Point,
  found: MeanSquare,
  read: Readings,
): Promise<{ readonly limit: Bracket; readonly errors: SamplingErrors | null }> {
  if (!isSample(point)) {
    addMeanSquare(found, read);
    return { limit: found.limit, errors: null };
  }
  const errors = await samplingErrors(found.factors, point);
  return { limit: addSampled(found, populationOf(point), errors, read), errors };
}

async function closingMeanSquare(task: Task, read: Readings): Promise<Pick<Measured, "facts" | "leftOut">> {
  const { point, budget, probes, memory } = task;
  let facts: Facts = {};
  try {
    const rank = budget.over() ? null : await closingRankOf(point, budget, probes.noise?.rank);
    if (rank === null) return { leftOut: ["the mean-square limit and the growth"] };
    const reading = await meanSquare(point, rank, budget, memory);
    const { limit, errors } = await addFound(point, reading, read);
    facts = { variance: limit };
    if (!isSample(point)) await addFourthMoment(point, reading.factors, { read, budget });
    const own = budget.over() ? null : await typicalOf(point, reading, shareOf(budget, 0.5));
    const typical =
      own && isSample(point) ? await widenTypical(own, reading.factors, { point, errors, budget }) : own;
    if (typical) {
      await addTypical(point, reading, typical, { read, budget });
      facts = { ...facts, typical };
    }
    const leftOut = typical ? [] : ["what a typical run does"];
    if (budget.over()) return { facts, leftOut: [...leftOut, "the map over batch sizes"] };
    const { map, ...smallest } = await mapOf(point, reading);
    return { facts: { ...facts, ...smallest, map: await withTypical(point, reading, map, budget) }, leftOut };
  } catch (error) {
    if (!(error instanceof BudgetSpent)) throw error;
    if (!facts.variance) return { leftOut: ["the mean-square limit and the growth"] };
    return {
      facts,
      leftOut: [...(facts.typical ? [] : ["what a typical run does"]), "the map over batch sizes"],
    };
  }
}

export const noise: Probe = {
  id: "noise",
  label: "Gradient noise",
  cost: "about 30 Gauss–Newton products and one Gram matrix",
  spec: {
    markdownDescription:
      "Non-uniformity λmax(Σ)^½ of the per-example Hessians (Gauss–Newton parts) and the mean-square stability limit.",
    properties: {
      every: { $ref: "#/definitions/every", default: 100 },
      rank: {
        anyOf: [{ type: "integer", minimum: 1, maximum: 100000 }, { const: "all" }],
        default: 64,
        description: 'Directions kept for the mean-square limit; "all" is exact. Fewer give an upper bound.',
      },
      tolerance: {
        $ref: "#/definitions/tolerance",
        default: 0.01,
        description: "Relative accuracy of λmax(Σ).",
      },
    },
  },
  needs: ["gaussNewton", "factors"],
  ofEigenvalues: true,
  metrics: [],
  async measure(task) {
    const { point, probes, effort, budget, memory } = task;
    const read = new Readings(point);
    const leftOut = await unevenness(task, read);
    if (effort === "closing" && stateless(point.descent)) return { readings: read.list, leftOut };
    const noVariance = noMeanSquare(point.descent);
    if (noVariance !== null) return { readings: read.list, facts: { noVariance }, leftOut };
    if (effort === "closing") {
      const more = await closingMeanSquare(task, read);
      return { readings: read.list, facts: more.facts, leftOut: [...leftOut, ...(more.leftOut ?? [])] };
    }
    await addFound(point, await meanSquare(point, (probes.noise ?? defaults).rank, budget, memory), read);
    return { readings: read.list };
  },
};
