// Per-example Gauss–Newton factors in the eigenbasis of their mean, and the noise part of the second-moment map.
import type { Gemm } from "../util/gemm";
import { symmetricEigen } from "../util/linalg/symmetricEigen";

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
 * @source theory.md, section 2. Costs about 6 (nK)³ flops.
 */
export function factorSpectrum(
  gram: Float32Array | Float64Array,
  n: number,
  K: number,
  rank: number | "all",
): Factors {
  const rows = n * K;
  const { values, vectors } = symmetricEigen(Float64Array.from(gram), rows);
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

/**
 * The noise part N[Z] = (1/n) Σ Aᵢᵀ (Aᵢ Z Aᵢᵀ) Aᵢ on symmetric Z [r, r]: two matrix products of 2 nK r² flops.
 * The exact operator is D̃[Z] = (1 − p) ΛZΛ + p N[Z].
 */
export function noiseMap({ n, K, r, A }: Factors, gemm: Gemm): (Z: Float64Array) => Promise<Float64Array> {
  const rows = n * K;
  return async (Z) => {
    const AZ = await gemm(A, Z, rows, r, r);
    // Per example: C = AᵢZAᵢᵀ [K, K], then C Aᵢ takes the place of Aᵢ Z.
    const CA = new Float64Array(rows * r);
    for (let i = 0; i < n; i++)
      for (let k = 0; k < K; k++) {
        const x = (i * K + k) * r;
        for (let m = 0; m < K; m++) {
          const y = (i * K + m) * r;
          let c = 0;
          for (let a = 0; a < r; a++) c += AZ[x + a] * A[y + a];
          c /= n;
          for (let a = 0; a < r; a++) CA[x + a] += c * A[y + a];
        }
      }
    return gemm(A, CA, r, r, rows, true, false);
  };
}

/** F[Z] = E[H_B Z H_B] over batches, every H_i shifted by `shift`·I; see `batchMoment`. */
export type BatchMoment = (Z: Float64Array) => Promise<Float64Array>;

/**
 * F[Z] = E[H_B Z H_B] on symmetric Z [r, r] for batches of B examples drawn without replacement, where every Hᵢ is GᵢGᵢᵀ + cI:
 * (1 − p) ΛZΛ + p N[Z] + c (ΛZ + ZΛ) + c² Z. Costs no matrix product when p = 0.
 * @source theory.md, section 2; the shift by c is weight decay in the gradient.
 */
export function batchMoment(factors: Factors, gemm: Gemm, p: number, c = 0): BatchMoment {
  const { r, lambda } = factors;
  const noise = noiseMap(factors, gemm);
  return async (Z) => {
    const F = p > 0 ? await noise(Z) : new Float64Array(r * r);
    for (let a = 0; a < r; a++)
      for (let b = 0; b < r; b++) {
        const i = a * r + b;
        F[i] = p * F[i] + Z[i] * ((1 - p) * lambda[a] * lambda[b] + c * (lambda[a] + lambda[b] + c));
      }
    return F;
  };
}
