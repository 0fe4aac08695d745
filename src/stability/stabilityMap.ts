// Which learning rates a minimum holds at which batch sizes: the map read along rows (largest η for B).
import { NoiseGain } from "./noiseGain";
import { drawnFrom, type Factors } from "./secondMoment";
import { varianceLimit, type LimitOptions } from "./varianceLimit";

export interface MapRow {
  readonly batchSize: number;
  /** Largest learning rate with ρ ≤ 1 at this batch size; an upper bound where `factors` leave directions out. */
  readonly largestStableLearningRate: number;
  /** The smallest learning rate at which a typical run leaves, where that was measured. */
  readonly typicalLearningRate?: number;
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
  const noise = options.noise ?? new NoiseGain(factors, options.gemm);
  for (const batchSize of batchSizesUpTo(drawnFrom(factors))) {
    const { upper } = await varianceLimit(factors, { ...options, noise, batchSize });
    rows.push({ batchSize, largestStableLearningRate: upper });
  }
  return rows;
}
