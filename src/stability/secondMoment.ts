// Per-example Gauss–Newton factors in the eigenbasis of their mean.
import type { Gemm } from "../util/gemm";
import { jsGemm } from "../util/linalg/jsGemm";
import { symmetricEigenBlocked } from "../util/linalg/symmetricEigenBlocked";

/** Coordinates of the factors Gᵢ in the top r eigenvectors of H = (1/n) Σ GᵢGᵢᵀ. */
export interface Factors {
  readonly n: number;
  readonly K: number;
  readonly r: number;
  /** Non-zero eigenvalues of H, descending, [r]. */
  readonly lambda: Float64Array;
  /** Row iK + k: column k of Gᵢ in the eigenbasis, [nK, r]. */
  readonly A: Float64Array;
  /** Number of non-zero directions there are, or an upper bound; r = fullRank means nothing was left out. */
  readonly fullRank: number;
  /** Examples of the training set that these n are a sample of: batches are drawn from so many. Default: n, all of them. */
  readonly population?: number;
}

/** Examples that batches are drawn from. */
export const drawnFrom = ({ n, population = n }: Pick<Factors, "n" | "population">): number => population;

/** Eigenvalues below this share of the largest are rounding of a float32 Gram matrix, not directions. */
const dropBelow = 1e-7;

/**
 * Eigen-decomposes the Gram matrix 𝒦 = U diag(w) Uᵀ: λ = w/n, Aᵢ = rows of U for example i · diag(√w).
 * @param gram  [nK, nK], index (i, k) ↦ iK + k.
 * @param rank  Directions to keep, or "all".
 * @param gemm  What most of the work goes to. Default: plain loops.
 * @source theory.md, section 2. Costs about 5 (nK)³ flops.
 */
export async function factorSpectrum(
  gram: Float32Array | Float64Array,
  { n, K }: { readonly n: number; readonly K: number },
  rank: number | "all",
  gemm: Gemm = jsGemm,
): Promise<Factors> {
  const rows = n * K;
  const { values, vectors } = await symmetricEigenBlocked(Float64Array.from(gram), rows, gemm);
  if (Number.isNaN(values[0]))
    return { n, K, r: 1, lambda: new Float64Array([NaN]), A: new Float64Array(rows).fill(NaN), fullRank: 1 };
  const fullRank = values.findLastIndex((w) => w > dropBelow * values[0] && w > 0) + 1;
  const r = rank === "all" ? fullRank : Math.min(rank, fullRank);
  const A = new Float64Array(rows * r);
  for (let a = 0; a < r; a++) {
    const root = Math.sqrt(values[a]);
    for (let i = 0; i < rows; i++) A[i * r + a] = vectors[a * rows + i] * root;
  }
  return { n, K, r, lambda: Float64Array.from({ length: r }, (_, a) => values[a] / n), A, fullRank };
}

/** The same factors in fewer directions. */
export function truncate({ r, lambda, A, ...rest }: Factors, rank: number): Factors {
  const { n, K } = rest;
  const kept = Math.min(rank, r);
  const B = new Float64Array(n * K * kept);
  for (let i = 0; i < n * K; i++) B.set(A.subarray(i * r, i * r + kept), i * kept);
  return { ...rest, r: kept, lambda: lambda.slice(0, kept), A: B };
}

/**
 * The factors of some of the examples, in the eigenbasis of their own mean, within the directions kept.
 *
 *   (1/m) Σ AᵢᵀAᵢ = V diag(λ′) Vᵀ over those m,   Aᵢ ↦ AᵢV
 *
 * @param examples  Their indices, [m]. Costs about 5 r³ + 2 mK r² flops.
 */
export async function ofExamples(
  { K, r, A, fullRank, ...rest }: Factors,
  examples: readonly number[],
  gemm: Gemm = jsGemm,
): Promise<Factors> {
  const rows = examples.length * K;
  const own = new Float64Array(rows * r);
  examples.forEach((i, at) => own.set(A.subarray(i * K * r, (i + 1) * K * r), at * K * r));
  const sums = await gemm(own, own, { m: r, n: r, k: rows, transposeA: true });
  const { values, vectors } = await symmetricEigenBlocked(sums, r, gemm);
  const kept = values.findLastIndex((w) => w > dropBelow * values[0] && w > 0) + 1;
  // Eigenvectors lie in rows.
  const V = new Float64Array(r * kept);
  for (let a = 0; a < kept; a++) for (let i = 0; i < r; i++) V[i * kept + a] = vectors[a * r + i];
  return {
    ...rest,
    n: examples.length,
    K,
    r: kept,
    lambda: Float64Array.from({ length: kept }, (_, a) => values[a] / examples.length),
    A: kept > 0 ? await gemm(own, V, { m: rows, n: kept, k: r }) : new Float64Array(),
    fullRank: r < fullRank ? fullRank : kept,
  };
}
