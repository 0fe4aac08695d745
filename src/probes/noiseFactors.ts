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

/** Up to this many rows the Gram matrix itself is held: 4·2500² bytes = 25 MB. */
const gramRows = 2500;

/**
 * Factors of rank `rank`. Small problems go through the Gram matrix; large ones through the top eigenvectors of the
 * Gauss–Newton matrix, whose coordinates are one Jacobian-vector product each.
 */
export async function noiseFactors(
  { curvature, n, outputs: K, experiment }: ProbeContext,
  rank: number | "all",
): Promise<Factors> {
  const rows = n * K;
  if (rows <= gramRows) {
    const all = rank === "all" || rank >= rows;
    return factorSpectrum(await curvature.gram(), n, K, all ? "all" : rank);
  }
  const r = rank === "all" ? Math.min(rows, curvature.size, 256) : rank;
  const tracker = new EigenTracker({
    size: curvature.size,
    top: r,
    tolerance: 1e-3,
    demand: "all",
    maxProducts: 6 * r,
    rng: new Rng(experiment.seed, "factors"),
  });
  const { values, vectors } = await tracker.measure(curvature.gaussNewton());
  const kept = values.filter((value) => value > 1e-10 * values[0]).length;
  const lambda = Float64Array.from(values.slice(0, kept));
  const A = new Float64Array(rows * kept);
  for (let a = 0; a < kept; a++) {
    const column = await curvature.factorCoordinates(vectors[a]);
    for (let i = 0; i < rows; i++) A[i * kept + a] = column[i];
  }
  return { n, K, r: kept, lambda, A, fullRank: Math.min(rows, curvature.size) };
}
