// What a typical run does at a point, from the factors of the mean-square limit (theory.md, section 8).
import { fourthMoment, fourthMomentWork } from "../stability/fourthMoment";
import { growth } from "../stability/growth";
import { drawnFrom, truncate } from "../stability/secondMoment";
import type { MapRow } from "../stability/stabilityMap";
import { samplingFactor } from "../stability/thresholds";
import { tailIndex, tailWork } from "../stability/tailIndex";
import { leastWork, typical } from "../stability/typical";
import { Rng } from "../util/rng";
import { shareOf, type Budget } from "./budget";
import type { MeanSquare } from "./meanSquare";
import type { Point } from "./point";
import type { Readings, TypicalFact } from "./probe";

/** Directions with a larger share of the sharpest curvature than this are the sharp subspace. */
const sharpShare = 0.1;
/** Relative standard error of a limit in the map, and multiplications it may cost. */
const [mapPrecision, mapWork] = [0.03, 4e8];
/** Multiplications that a tail index may cost, and one product with the fourth-moment map. */
const [mostTailWork, mostMomentWork] = [2e9, 5e7];

/** What of a point says how its steps are drawn. */
export type Drawn = Pick<Point, "descent" | "sampling" | "seed" | "batchSize" | "gemm"> & {
  /** Whether an epoch's short last batch is left out. Default true, as Basin does. */
  readonly dropLast?: boolean;
};

const settingsOf = ({ descent, sampling, seed, dropLast }: Drawn, budget: Budget) => ({
  ...descent,
  sampling,
  dropLast,
  seed: new Rng(seed, "typical").uint32(),
  over: budget.over,
});

/**
 * Growth and limit of a typical run. Of a part of the directions what its last doubling changed counts as an error of both.
 *
 * @returns  null where the budget ended before there was anything to tell.
 */
export async function typicalOf(
  point: Drawn,
  { factors }: Pick<MeanSquare, "factors">,
  budget: Budget,
): Promise<TypicalFact | null> {
  const { r: rank, fullRank } = factors;
  const { batchSize } = point;
  const settings = settingsOf(point, budget);
  const found = await typical(factors, { ...settings, batchSize });
  if (!found || rank >= fullRank || rank < 2) return found && { ...found, rank, fullRank };
  const half = await typical(truncate(factors, rank >> 1), { ...settings, batchSize });
  const wider = (name: "growth" | "limit") => {
    const { value, error } = found[name];
    return { value, error: half ? Math.hypot(error, value - half[name].value) : Infinity };
  };
  return { growth: wider("growth"), limit: wider("limit"), rank, fullRank };
}

/** Where readings go, and what they may cost. */
interface Told {
  readonly read: Readings;
  readonly budget: Budget;
}

type Steps = Pick<Drawn, "sampling" | "descent" | "batchSize" | "seed">;

/** Whether a step is θ − η∇L and nothing else. */
const isPlain = ({ descent }: Pick<Drawn, "descent">): boolean =>
  !descent.momentum &&
  !descent.weightDecay &&
  !descent.decoupledDecay &&
  descent.preconditioner === null &&
  descent.radius === undefined;

/** The growth of E‖δ‖⁴ of plain SGD, where so few directions curve that it costs seconds at the most. */
export async function addFourthMoment(
  drawn: Steps,
  factors: MeanSquare["factors"],
  { read, budget }: Told,
): Promise<void> {
  const { descent, batchSize } = drawn;
  const noisy = samplingFactor(drawnFrom(factors), batchSize) > 0;
  if (!isPlain(drawn) || !noisy || factors.r < factors.fullRank) return;
  if (fourthMomentWork(factors) > mostMomentWork || budget.over()) return;
  const { learningRate } = descent;
  const found = await fourthMoment(factors, { learningRate, batchSize, over: budget.over });
  if (!found) return;
  read.lap();
  const method = "fourth-moment map of all directions, batches drawn each by itself";
  read.add("stability.momentGrowth", found.growth, { how: "estimate", method, error: found.error });
}

/** The tail index where bursts come back: of plain SGD whose batches are drawn independently, and where it costs seconds at the most. */
async function addTail(
  drawn: Steps,
  factors: MeanSquare["factors"],
  growth: TypicalFact["growth"],
  { read, budget }: Told,
): Promise<void> {
  const { sampling, descent, batchSize, seed } = drawn;
  const { learningRate } = descent;
  if (sampling !== "independent" || !isPlain(drawn) || !(growth.value < 1) || factors.r < factors.fullRank)
    return;
  if (tailWork(factors, batchSize) > mostTailWork || budget.over()) return;
  const own = { learningRate, batchSize, seed: new Rng(seed, "tail").uint32(), over: budget.over };
  const tail = await tailIndex(factors, own);
  if (!tail) return;
  read.lap();
  const method = "walkers drawn again by their lengths, batches drawn each by itself";
  read.add("stability.tailIndex", tail.value, { how: "estimate", method, error: tail.error });
}

export async function addTypical(
  { sampling, descent, batchSize, gemm, seed }: Drawn,
  { factors, growth: { rho } }: MeanSquare,
  { growth: own, limit, rank, fullRank }: TypicalFact,
  { read, budget }: Told,
): Promise<void> {
  const part =
    rank < fullRank ? `; ${rank} of ${fullRank} directions, what the last doubling changed in the error` : "";
  const drawn = sampling === "independent" ? "each by itself" : "as epochs";
  const method =
    samplingFactor(drawnFrom(factors), batchSize) === 0
      ? `full batches: every step is the same${part}`
      : `products of the steps of random batches drawn ${drawn}${part}`;
  read.lap();
  read.add("stability.typicalGrowth", own.value, { how: "estimate", method, error: own.error, sampling: 0 });
  read.add("stability.typicalLimit", limit.value, {
    how: "estimate",
    method,
    error: limit.error,
    sampling: 0,
  });
  if (!(rho < 1)) {
    await addTail({ sampling, descent, batchSize, seed }, factors, own, { read, budget });
    return;
  }
  const sharp = truncate(
    factors,
    factors.lambda.filter((value) => value >= sharpShare * factors.lambda[0]).length,
  );
  const { rho: contraction, error } = await growth(sharp, { ...descent, batchSize, gemm });
  read.add("stability.contraction", contraction, {
    how: "estimate",
    method: `second-moment map of the ${sharp.r} directions with λ ≥ λ₁/10`,
    error,
  });
}

/** The map with the typical limit of each batch size whose steps are not too dear, as far as the budget reaches. */
export async function withTypical(
  point: Drawn,
  { factors }: MeanSquare,
  map: readonly MapRow[],
  budget: Budget,
): Promise<MapRow[]> {
  const rows: MapRow[] = [];
  const limits: number[] = [];
  for (const row of map) {
    const { batchSize } = row;
    const noisy =
      samplingFactor(drawnFrom(factors), batchSize) > 0 && leastWork(factors, batchSize) <= mapWork;
    const [before = NaN, last = NaN] = limits.slice(-2);
    const settings = {
      ...settingsOf(point, shareOf(budget, 0.3)),
      precision: mapPrecision,
      chains: 1,
      work: mapWork,
      // From some batch size on the limit hardly changes.
      ...(Math.abs(last / before - 1) < mapPrecision && { near: last }),
    };
    const found = noisy && !budget.over() ? await typical(factors, { ...settings, batchSize }) : null;
    if (found) limits.push(found.limit.value);
    rows.push(found ? { ...row, typicalLearningRate: found.limit.value } : row);
  }
  return rows;
}
