// The mean-square limit and the growth at the run's own settings, from Gauss–Newton factors (theory.md, section 2).
import { EigenTracker } from "../curvature/tracker";
import { growth, smallestStableBatch, type Growth } from "../stability/growth";
import { NoiseGain } from "../stability/noiseGain";
import type { Factors } from "../stability/secondMoment";
import { stabilityMap } from "../stability/stabilityMap";
import { samplingFactor } from "../stability/thresholds";
import { varianceLimit } from "../stability/varianceLimit";
import type { Bracket } from "../types/bracket";
import { Rng } from "../util/rng";
import { shareOf, type Budget } from "./budget";
import type { ProbeMemory } from "./memory";
import { noiseFactors, rowsAreDear } from "./noiseFactors";
import type { Descent, Point } from "./point";
import { isSample } from "./sampling";

export interface MeanSquare {
  readonly factors: Factors;
  readonly noise: NoiseGain;
  readonly limit: Bracket;
  readonly growth: Growth;
}

/** Relative error of the limits in the stability map. */
const mapTolerance = 1e-4;
/** Up to this many rows of the Gram matrix a closing reading is exact; above it a bracket of this rank. */
const exactRows = 1000;
const closingRank = 96;
/** Above this many multiplications a product (n·d) each direction costs seconds, and a third of them has to do. */
const dearProduct = 1e8;
/** Below this rank a bracket says nothing. */
const leastRank = 4;
/** Matrices as large as the Gram matrix that its decomposition has at once, in float64. */
const gramMatrices = 6;
/** Products per direction of a search, and share of its time in what follows from it. */
const [productsPerDirection, shareOfSearch] = [3, 0.5];

/**
 * The rank of a closing reading: every direction where that is affordable, else as many as the time allows. Null where not even a few
 * fit.
 * @param asked  What the experiment's noise probe asks for.
 */
export async function closingRankOf(
  point: Point,
  budget: Budget,
  asked: number | "all" | undefined,
): Promise<number | "all" | null> {
  const { examples: n, outputs: K, size: d } = point;
  const rows = n * K;
  const unlimited = budget.secondsLeft() === Infinity;
  const dear = rowsAreDear(point);
  const fits = 8 * rows * rows * gramMatrices <= budget.bytes;
  if (fits && ((rows <= exactRows && !dear) || (asked === "all" && unlimited))) return "all";
  const wanted = n * d > dearProduct ? closingRank / 3 : closingRank;
  if (unlimited) return wanted;
  // One product tells what the others cost.
  const back = new Float32Array(d);
  const c = new Float32Array(rows).fill(1);
  const time = async (): Promise<number> => {
    const t0 = performance.now();
    await point.factors!.pushFactors(c, back);
    await point.factors!.factorCoordinates(back);
    return (performance.now() - t0) / 1000;
  };
  await time();
  const seconds = await time();
  const affordable = Math.floor((shareOfSearch * budget.secondsLeft()) / (productsPerDirection * seconds));
  return affordable < leastRank ? null : Math.min(wanted, affordable);
}

/** @param memory  See `noiseFactors`. */
export async function meanSquare(
  point: Point,
  rank: number | "all",
  budget: Budget,
  memory?: ProbeMemory,
): Promise<MeanSquare> {
  const { batchSize, gemm, examples, descent } = point;
  const factors = await noiseFactors(point, rank, shareOf(budget, 0.7), memory);
  const noise = new NoiseGain(factors, gemm);
  const settings = { ...descent, batchSize, gemm, noise };
  const certified =
    isPlain(descent) &&
    !isSample(point) &&
    factors.r < factors.fullRank &&
    !budget.over() &&
    !(point.tied && rowsAreDear(point))
      ? await certifiedLimit(point, samplingFactor(examples, batchSize), shareOf(budget, 0.5))
      : 0;
  // What follows is of their coordinates alone, and needs the room.
  point.factors!.forgetFactors?.();
  return {
    factors,
    noise,
    limit: await varianceLimit(factors, { ...settings, certified }),
    growth: await growth(factors, settings),
  };
}

/** Whether the sufficient condition speaks of this optimizer. */
const isPlain = ({ momentum, preconditioner, weightDecay, decoupledDecay }: Descent): boolean =>
  !momentum && preconditioner === null && !weightDecay && !decoupledDecay;

/** Why the mean-square limit cannot be given here, or null where it can. */
export function noMeanSquare({ preconditioner, weightDecay, radius }: Descent): string | null {
  if (radius !== undefined)
    return "The mean-square limit is not given for SAM: its step up has the same length however near the minimum is, so that its steps are not linear in the distance.";
  // P^{-1/2}(Hᵢ + cI)P^{-1/2} = G̃ᵢG̃ᵢᵀ + cP^{-1}: the last term leaves the span of the factors.
  return preconditioner !== null && weightDecay
    ? "The mean-square limit is not given: weight decay enters the gradient before it is preconditioned, and then curves every direction differently. AdamW's decoupled decay does not."
    : null;
}

/** What the sufficient condition certifies: 2 / λmax over all directions, its residual counted against it. */
async function certifiedLimit({ factors, seed }: Point, p: number, budget: Budget): Promise<number> {
  const operator = factors!.sufficientOperator(p);
  const rng = new Rng(seed, "certified");
  const tracker = new EigenTracker({ size: operator.size, top: 1, tolerance: 1e-2, rng });
  const { values, errors, cut } = await tracker.measure(operator, budget.over);
  // A search that was cut short may not have met the largest one: it certifies nothing.
  return cut ? 0 : 2 / (values[0] + errors[0]);
}

/** The largest stable learning rate over batch sizes, and the smallest stable batch size. */
export async function mapOf(
  { descent, gemm }: Pick<Point, "descent" | "gemm">,
  { factors, noise }: MeanSquare,
) {
  return {
    map: await stabilityMap(factors, { ...descent, gemm, noise, tolerance: mapTolerance }),
    smallestStableBatch: await smallestStableBatch(factors, { ...descent, gemm, noise }),
  };
}
