// Which learning rates a minimum holds at which batch sizes: the map read along rows (largest η for B) and columns (smallest B for η).
import { growth } from "./growth";
import type { Factors } from "./secondMoment";
import { varianceLimit, type LimitOptions } from "./varianceLimit";

export interface MapRow {
  readonly batchSize: number;
  /** Largest learning rate with ρ ≤ 1 at this batch size; an upper bound where `factors` leave directions out. */
  readonly largestStableLearningRate: number;
}

/** Batch sizes 1, 2, 4, … and n. */
export function batchSizesUpTo(n: number): number[] {
  const sizes: number[] = [];
  for (let B = 1; B < n; B *= 2) sizes.push(B);
  return [...sizes, n];
}

/**
 * Largest stable learning rate at batch sizes 1, 2, 4, …, n, ascending in both. Costs one mean-square limit a row.
 * @source Mulayoff & Michaeli, COLT 2024: η* does not fall as B grows, and is that of full-batch descent at B = n.
 */
export async function stabilityMap(
  factors: Factors,
  options: Omit<LimitOptions, "batchSize" | "certified">,
): Promise<MapRow[]> {
  const rows: MapRow[] = [];
  for (const batchSize of batchSizesUpTo(factors.n)) {
    const { upper } = await varianceLimit(factors, { ...options, batchSize });
    rows.push({ batchSize, largestStableLearningRate: upper });
  }
  return rows;
}

/**
 * Smallest stable batch size for each learning rate; null where even the full batch is not stable. The rows of a map bracket it, and
 * bisection on ρ finds it between two of them.
 */
export async function smallestBatches(
  factors: Factors,
  map: readonly MapRow[],
  learningRates: readonly number[],
  options: Omit<LimitOptions, "batchSize" | "certified">,
): Promise<{ readonly learningRate: number; readonly batchSize: number | null }[]> {
  const found: { learningRate: number; batchSize: number | null }[] = [];
  for (const learningRate of learningRates) {
    const row = map.findIndex((one) => one.largestStableLearningRate >= learningRate);
    let [low, high] = row < 0 ? [0, 0] : [row === 0 ? 0 : map[row - 1].batchSize, map[row].batchSize];
    while (high - low > 1) {
      const batchSize = (low + high) >> 1;
      const { rho } = await growth(factors, { restarts: 4, ...options, learningRate, batchSize });
      if (rho <= 1 + 1e-9) high = batchSize;
      else low = batchSize;
    }
    found.push({ learningRate, batchSize: row < 0 ? null : high });
  }
  return found;
}
