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
}

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
export function truncate({ n, K, r, lambda, A, fullRank }: Factors, rank: number): Factors {
  const kept = Math.min(rank, r);
  const B = new Float64Array(n * K * kept);
  for (let i = 0; i < n * K; i++) B.set(A.subarray(i * r, i * r + kept), i * kept);
  return { n, K, r: kept, lambda: lambda.slice(0, kept), A: B, fullRank };
}
