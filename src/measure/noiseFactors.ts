// Coordinates of the per-example Gauss–Newton factors in the eigenbasis of their mean: what the second-moment map needs.
import type { LinearOperator } from "../curvature/operator";
import { EigenTracker } from "../curvature/tracker";
import { factorSpectrum, type Factors } from "../stability/secondMoment";
import { Rng } from "../util/rng";
import type { Budget } from "./budget";
import type { ProbeMemory } from "./memory";
import type { Point } from "./point";
import { isSample, populationOf } from "./sampling";

/** Up to this many rows of the Gram matrix a full eigendecomposition is the quicker way. */
const denseRows = 300;
/** A direction whose residual is above this share of its eigenvalue is none yet: a search that was cut short leaves it out. */
const usableResidual = 0.1;

/** Name of the search among what a probe remembers. */
export const factorSearch = "factors";
/** Bytes of eigenvectors that the next reading starts from at most, and how many times those of θ: every checkpoint holds both. */
const [rememberedBytes, rememberedShare] = [4 * 2 ** 20, 8];

/** Multiplications up to which a product for each row of the factors is affordable. */
const dearRows = 1e10;

/**
 * Whether the rows of the factors are too dear to be computed one by one, as they have to be where P or batch statistics keep the
 * Gram matrix from splitting into layers and examples.
 */
export const rowsAreDear = ({ tied = false, descent, examples: n, outputs: K, size }: Point): boolean =>
  (tied || descent.preconditioner !== null) && n * K * n * size > dearRows;

/** c ↦ (1/n) GᵀP^{-1}G c on data space [nK]: what GᵀG/n is for the factors P^{-1/2}Gᵢ of a preconditioned optimizer. */
function dataOperator({ size, factors, examples, outputs }: Point, P: Float32Array): LinearOperator {
  const back = new Float32Array(size);
  return {
    size: examples * outputs,
    async apply(c, out) {
      await factors!.pushFactors(c, back);
      for (let i = 0; i < back.length; i++) back[i] /= P[i];
      out.set(await factors!.factorCoordinates(back));
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

/** Whether the whole Gram matrix is decomposed for this rank, and not searched for its leading eigenvectors. */
const isDense = (point: Point, rank: number | "all"): boolean =>
  rank === "all" ||
  (point.examples * point.outputs <= Math.max(rank, denseRows) && !(point.tied && rowsAreDear(point)));

/**
 * Factors, those of P^{-1/2}Gᵢ when preconditioned, of rank `rank`. "all" and small problems eigen-decompose the Gram matrix; otherwise its leading eigenvectors u are
 * found by products c ↦ GᵀG c, and the coordinates are u √w: vectors of length nK, whatever the number of parameters.
 *
 * @param memory  Where the search begins with what the last one found, and leaves what it finds.
 */
export async function noiseFactors(
  point: Point,
  rank: number | "all",
  budget: Budget,
  memory?: ProbeMemory,
): Promise<Factors> {
  const own = await ofHeld({ point, budget, memory }, rank);
  return isSample(point) ? { ...own, population: populationOf(point) } : own;
}

interface Search {
  readonly point: Point;
  readonly budget: Budget;
  readonly memory: ProbeMemory | undefined;
}

/** The factors of the examples that the point holds. */
async function ofHeld(search: Search, rank: number | "all"): Promise<Factors> {
  const { point } = search;
  const { examples: n, outputs: K, descent } = point;
  const { preconditioner } = descent;
  const operator = preconditioner ? dataOperator(point, preconditioner) : null;
  if (isDense(point, rank)) {
    const gram = operator ? await gramOf(operator, n) : await point.factors!.gram();
    return factorSpectrum(gram, { n, K }, rank, point.gemm);
  }
  return leadingFactors(search, operator ?? point.factors!.sufficientOperator(0), rank as number);
}

/** The leading `rank` directions, or as many of them as the budget leaves time for. */
async function leadingFactors(
  { point: { examples: n, outputs: K, size, seed }, budget, memory }: Search,
  operator: LinearOperator,
  rank: number,
): Promise<Factors> {
  const rows = n * K;
  const options = {
    size: rows,
    top: rank,
    // Coordinates in a percent-converged basis move the limit by far less than the rank does.
    tolerance: 1e-2,
    demand: "vectors",
    maxProducts: 3 * rank,
  } as const;
  const bytes = 4 * rows * rank;
  const isAffordable = bytes <= rememberedBytes && bytes <= rememberedShare * 4 * size;
  const remembered = isAffordable ? memory : undefined;
  const tracker =
    remembered?.tracker(factorSearch, options) ??
    new EigenTracker({ ...options, rng: new Rng(seed, "factors") });
  const { values, vectors, residuals, cut: ended } = await tracker.measure(operator, budget.over);
  const cut = ended ? values.findIndex((value, i) => residuals[i] > usableResidual * value) : -1;
  const found = cut < 0 ? values : values.slice(0, Math.max(1, cut));
  const kept = found.filter((value) => value > 1e-7 * values[0]).length;
  const lambda = Float64Array.from(values.slice(0, kept));
  const A = new Float64Array(rows * kept);
  for (let a = 0; a < kept; a++) {
    const root = Math.sqrt(n * lambda[a]);
    for (let i = 0; i < rows; i++) A[i * kept + a] = vectors[a][i] * root;
  }
  // Fewer directions than asked for means that the rest are zero, unless time ran out: nothing was left out.
  const complete = kept < rank && !ended;
  return { n, K, r: kept, lambda, A, fullRank: complete ? kept : Math.min(rows, size) };
}
