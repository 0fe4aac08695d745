// Coordinates of the per-example Gauss–Newton factors in the eigenbasis of their mean: what the second-moment map needs.
import type { LinearOperator } from "../curvature/operator";
import { EigenTracker } from "../curvature/tracker";
import type { Growth } from "../stability/growth";
import type { NoiseGain } from "../stability/noiseGain";
import { factorSpectrum, type Factors } from "../stability/secondMoment";
import type { Bracket } from "../stability/varianceLimit";
import { Rng } from "../util/rng";
import type { ProbeContext } from "./probe";

export interface NoiseReading {
  readonly factors: Factors;
  readonly noise: NoiseGain;
  readonly limit: Bracket;
  readonly growth: Growth;
}

/** Up to this many rows of the Gram matrix a full eigendecomposition is the quicker way. */
const denseRows = 300;

/** c ↦ (1/n) GᵀP^{-1}G c on data space [nK]: what GᵀG/n is for the factors P^{-1/2}Gᵢ of a preconditioned optimizer. */
function dataOperator({ curvature, n, outputs }: ProbeContext, P: Float32Array): LinearOperator {
  const back = new Float32Array(curvature.size);
  return {
    size: n * outputs,
    async apply(c, out) {
      await curvature.pushFactors(c, back);
      for (let i = 0; i < back.length; i++) back[i] /= P[i];
      out.set(await curvature.factorCoordinates(back));
    },
  };
}

/** The operator times n as a matrix [rows, rows], column by column: the preconditioned Gram matrix does not split into layers. */
async function gramOf(operator: LinearOperator, n: number): Promise<Float64Array> {
  const rows = operator.size;
  const gram = new Float64Array(rows * rows);
  const [unit, column] = [new Float32Array(rows), new Float32Array(rows)];
  for (let j = 0; j < rows; j++) {
    unit[j] = 1;
    await operator.apply(unit, column);
    unit[j] = 0;
    for (let i = 0; i < rows; i++) gram[i * rows + j] = n * column[i];
  }
  // Symmetric up to rounding; the eigensolver reads the lower triangle.
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < i; j++) gram[i * rows + j] = (gram[i * rows + j] + gram[j * rows + i]) / 2;
  return gram;
}

/**
 * Factors, those of P^{-1/2}Gᵢ when preconditioned, of rank `rank`. "all" and small problems eigen-decompose the Gram matrix; otherwise its leading eigenvectors u are
 * found by products c ↦ GᵀG c, and the coordinates are u √w: vectors of length nK, whatever the number of parameters.
 */
export async function noiseFactors(context: ProbeContext, rank: number | "all"): Promise<Factors> {
  const { curvature, n, outputs: K, experiment, descent } = context;
  const rows = n * K;
  const { preconditioner } = descent;
  const operator = preconditioner ? dataOperator(context, preconditioner) : null;
  if (rank === "all" || rows <= Math.max(rank, denseRows)) {
    const gram = operator ? await gramOf(operator, n) : await curvature.gram();
    return factorSpectrum(gram, n, K, rank, context.gemm);
  }
  const tracker = new EigenTracker({
    size: rows,
    top: rank,
    // Coordinates in a percent-converged basis move the limit by far less than the rank does.
    tolerance: 1e-2,
    demand: "vectors",
    maxProducts: 3 * rank,
    rng: new Rng(experiment.seed, "factors"),
  });
  const { values, vectors } = await tracker.measure(operator ?? curvature.sufficientOperator(0));
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
