// How far the numbers of held examples lie from those of all training examples: the jackknife over groups of them, and for what is a mean over
// examples, or near one, the spread of their shares.
import { growth } from "../stability/growth";
import { drawnFrom, ofExamples, truncate, type Factors } from "../stability/secondMoment";
import { typical } from "../stability/typical";
import { varianceLimit } from "../stability/varianceLimit";
import { Rng } from "../util/rng";
import type { Point } from "./point";
import type { Drawn } from "./typical";

/** Standard errors from an estimate to the ends of what it may be. */
export const reach = 2;

/** Groups that are left out in turn, and directions kept for it: relative errors move little with the rest. */
const [groups, directions] = [8, 64];
/** Multiplications of a look at the typical limit of half the examples. */
const halfWork = 1e9;

/** Relative standard errors of sampling, and of the growth the absolute one. */
export interface SamplingErrors {
  /** Of λmax, and with it of the mean limit. */
  readonly sharpness: number;
  readonly limit: number;
  readonly growth: number;
}

const shuffled = (n: number, seed: number): number[] => [...new Rng(seed, "sampling").permutation(n)];

/** √(1 − m/N) for m of N drawn without replacement: what is left of the standard error. */
const leftOf = (held: number, of: number): number => Math.sqrt(Math.max(0, 1 - held / of));
const correction = (factors: Factors): number => leftOf(factors.n, drawnFrom(factors));

/** Training examples that batches are drawn from, of which a point may hold some. */
export const populationOf = ({
  examples,
  population = examples,
}: Pick<Point, "examples" | "population">): number => population;

/** Whether a point holds some of the training examples, in whose place nothing it says is exact. */
export const isSample = (point: Pick<Point, "examples" | "population">): boolean =>
  point.examples < populationOf(point);

/**
 * Standard error of the mean of one share [m] an example, held in place of all N: s √((1 − m/N)/m). 0 where all are held. For a number
 * that is not a mean the shares are its derivatives along the examples' weights (the delta method), for an eigenvalue vᵀHᵢv.
 * @source Cochran, Sampling Techniques, §2.4–2.5.
 */
export function meanError(point: Pick<Point, "examples" | "population">, shares: ArrayLike<number>): number {
  if (!isSample(point)) return 0;
  const m = shares.length;
  if (m < 2) return Infinity;
  let [mean, square] = [0, 0];
  for (let i = 0; i < m; i++) mean += shares[i] / m;
  for (let i = 0; i < m; i++) square += (shares[i] - mean) ** 2 / (m - 1);
  return leftOf(m, populationOf(point)) * Math.sqrt(square / m);
}

/** The same of vᵀHv for each of some unit vectors v [P]; Infinity where the trainer tells of no example by itself. About two products each. */
export async function curvatureErrors(point: Point, vectors: readonly Float32Array[]): Promise<number[]> {
  const errors: number[] = [];
  for (const v of vectors)
    errors.push(
      !isSample(point)
        ? 0
        : point.perExample?.curvature
          ? meanError(point, await point.perExample.curvature(v, v))
          : Infinity,
    );
  return errors;
}

/**
 * se² = (g − 1)/g Σ (θ₍ⱼ₎ − θ̄)² with each of g groups of examples left out, times 1 − m/N as m of N examples are drawn without
 * replacement; and the bias that the jackknife finds, (g − 1)(θ̄ − θ), beside it: λmax of few examples is too large on average.
 *
 * @returns  null where fewer than two examples a group are held: nothing is known of the error then.
 * @source Efron & Tibshirani, An Introduction to the Bootstrap, chapter 11; Cochran, Sampling Techniques, §2.5.
 */
export async function samplingErrors(
  factors: Factors,
  { descent, batchSize, gemm, seed }: Drawn,
): Promise<SamplingErrors | null> {
  if (factors.n < 2 * groups) return null;
  const own = truncate(factors, directions);
  const settings = { ...descent, batchSize, gemm };
  const statistics = async (part: Factors): Promise<readonly number[]> => [
    Math.log(part.lambda[0]),
    Math.log((await varianceLimit({ ...part, fullRank: part.r }, settings)).upper),
    (await growth(part, settings)).rho,
  ];
  const order = shuffled(own.n, seed);
  const whole = await statistics(own);
  const parts: (readonly number[])[] = [];
  for (let j = 0; j < groups; j++) {
    const kept = order.filter((_, at) => at % groups !== j);
    parts.push(await statistics(await ofExamples(own, kept, gemm)));
  }
  const left = correction(factors);
  const [sharpness, limit, rho] = whole.map((value, s) => {
    const values = parts.map((part) => part[s]);
    const mean = values.reduce((sum, x) => sum + x, 0) / groups;
    const square = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
    const [se, bias] = [Math.sqrt(((groups - 1) / groups) * square), (groups - 1) * (mean - value)];
    return left * Math.hypot(se, bias);
  });
  return { sharpness, limit, growth: rho };
}

/** Random signs that tell of each example's trace: their own noise only widens the error. */
const signs = 4;

/** Standard error of tr H: of the examples' traces zᵀHᵢz by random signs z. Eight products where the point is a sample. */
export async function traceError(point: Point, rng: Rng): Promise<number> {
  if (!isSample(point)) return 0;
  if (!point.perExample?.curvature) return Infinity;
  const traces = new Float64Array(point.examples);
  for (let i = 0; i < signs; i++) {
    const z = Float32Array.from({ length: point.size }, () => (rng.uint32() & 1 ? 1 : -1));
    (await point.perExample.curvature(z, z)).forEach((own, at) => (traces[at] += own / signs));
  }
  return meanError(point, traces);
}

/** Relative standard error of the typical limit: of two halves of the examples |a − b|/2; Infinity where time ran out. */
export async function typicalSamplingError(
  factors: Factors,
  { descent, batchSize, sampling, dropLast, seed, gemm }: Drawn,
  over: () => boolean,
): Promise<number> {
  const order = shuffled(factors.n, seed);
  const half = order.length >> 1;
  if (half < 2) return Infinity;
  const own = truncate(factors, directions);
  const logs: number[] = [];
  for (const part of [order.slice(0, half), order.slice(half)]) {
    const found = await typical(await ofExamples(own, part, gemm), {
      ...descent,
      batchSize,
      sampling,
      dropLast,
      seed,
      over,
      work: halfWork,
      precision: 0.03,
    });
    if (!found || !(found.limit.value > 0)) return Infinity;
    logs.push(Math.log(found.limit.value));
  }
  return (correction(factors) * Math.abs(logs[0] - logs[1])) / 2;
}
