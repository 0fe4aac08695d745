// Coordinates of the per-example Gauss–Newton factors in the eigenbasis of their mean: what the second-moment map needs.
import { EigenTracker } from "../curvature/tracker";
import type { Growth } from "../stability/growth";
import { factorSpectrum, type Factors } from "../stability/secondMoment";
import type { Bracket } from "../stability/varianceLimit";
import { Rng } from "../util/rng";
import type { ProbeContext } from "./probe";

export interface NoiseReading {
  readonly factors: Factors;
  readonly limit: Bracket;
  readonly growth: Growth;
}

/** Up to this many rows of the Gram matrix a full eigendecomposition is the quicker way. */
const denseRows = 300;

/**
 * Factors of rank `rank`. "all" and small problems eigen-decompose the Gram matrix; otherwise its leading eigenvectors u are
 * found by products c ↦ GᵀG c, and the coordinates are u √w: vectors of length nK, whatever the number of parameters.
 */
export async function noiseFactors(
  { curvature, n, outputs: K, experiment }: ProbeContext,
  rank: number | "all",
): Promise<Factors> {
  const rows = n * K;
  if (rank === "all" || rows <= Math.max(rank, denseRows)) {
    return factorSpectrum(await curvature.gram(), n, K, rank);
  }
  const tracker = new EigenTracker({
    size: rows,
    top: rank,
    // Coordinates in a percent-converged basis move the limit by far less than the rank does.
    tolerance: 1e-2,
    demand: "all",
    maxProducts: 3 * rank,
    rng: new Rng(experiment.seed, "factors"),
  });
  const { values, vectors } = await tracker.measure(curvature.sufficientOperator(0));
  const kept = values.filter((value) => value > 1e-7 * values[0]).length;
  const lambda = Float64Array.from(values.slice(0, kept));
  const A = new Float64Array(rows * kept);
  for (let a = 0; a < kept; a++) {
    const root = Math.sqrt(n * lambda[a]);
    for (let i = 0; i < rows; i++) A[i * kept + a] = vectors[a][i] * root;
  }
  // Fewer directions than asked for means that the rest are zero: nothing was left out.
  const fullRank = kept < rank ? kept : Math.min(rows, curvature.size);
  return { n, K, r: kept, lambda, A, fullRank };
}
