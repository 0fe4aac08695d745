// The spectral density of a symmetric operator: where its eigenvalues lie, from a few dozen products.
import { symmetricEigen } from "../util/linalg/symmetricEigen";
import { axpy, dot, norm, scale } from "../util/linalg/vector";
import type { Rng } from "../util/rng";
import type { LinearOperator } from "./operator";

export interface SpectralDensity {
  /** Nodes of the quadrature, descending: Ritz values of every random start. */
  readonly values: readonly number[];
  /** Share of the spectrum each node stands for; they sum to one. */
  readonly weights: readonly number[];
  /** Per random start, its own estimates of tr A / P and ‖A‖_F² / P: their spread is the error bar. */
  readonly moments: readonly { readonly first: number; readonly second: number }[];
  readonly products: number;
}

export interface DensityOptions {
  readonly rng: Rng;
  /** Lanczos steps per start, m. The quadrature is exact for polynomials of degree 2m − 1 of each start. */
  readonly steps?: number;
  /** Random starts; the error falls as 1/√starts. */
  readonly starts?: number;
}

/**
 * Stochastic Lanczos quadrature: for a random unit vector z, zᵀ f(A) z ≈ Σ τⱼ² f(θⱼ) with θⱼ, τⱼ the Ritz values and first
 * components of the Lanczos matrix; the mean over z is tr f(A) / P.
 *
 * Costs steps · starts products and steps · P floats. Full reorthogonalisation, so no eigenvalue is counted twice.
 * @source Ubaru, Chen & Saad, SIAM J. Matrix Anal. 2017; for Hessians Ghorbani, Krishnan & Xiao, ICML 2019.
 */
export async function spectralDensity(
  op: LinearOperator,
  { rng, steps = 30, starts = 4 }: DensityOptions,
): Promise<SpectralDensity> {
  const atoms: { value: number; weight: number }[] = [];
  const moments: { first: number; second: number }[] = [];
  let products = 0;
  for (let s = 0; s < starts; s++) {
    const z = Float32Array.from({ length: op.size }, () => (rng.uint32() & 1 ? 1 : -1));
    const own = await quadrature(op, z, Math.min(steps, op.size));
    products += own.products;
    moments.push({
      first: own.atoms.reduce((sum, { value, weight }) => sum + weight * value, 0),
      second: own.atoms.reduce((sum, { value, weight }) => sum + weight * value * value, 0),
    });
    atoms.push(...own.atoms.map(({ value, weight }) => ({ value, weight: weight / starts })));
  }
  atoms.sort((a, b) => b.value - a.value);
  return {
    values: atoms.map(({ value }) => value),
    weights: atoms.map(({ weight }) => weight),
    moments,
    products,
  };
}

/** Lanczos from one start: Ritz values with the squares of their first components. */
async function quadrature(op: LinearOperator, start: Float32Array, steps: number) {
  const basis: Float32Array[] = [];
  const alpha: number[] = [];
  const beta: number[] = [];
  let next = start.slice();
  scale(1 / norm(next), next);
  for (let j = 0; j < steps; j++) {
    basis.push(next);
    const w = new Float32Array(op.size);
    await op.apply(next, w);
    const a = dot(next, w);
    if (!Number.isFinite(a)) return { atoms: [{ value: NaN, weight: 1 }], products: j + 1 };
    alpha.push(a);
    for (let pass = 0; pass < 2; pass++) for (const u of basis) axpy(-dot(u, w), u, w);
    const b = norm(w);
    // The Krylov space is exhausted: the quadrature is exact as it stands.
    if (b <= 1e-6 * Math.max(...alpha.map(Math.abs))) break;
    beta.push(b);
    scale(1 / b, w);
    next = w;
  }
  const m = alpha.length;
  const t = new Float64Array(m * m);
  for (let j = 0; j < m; j++) {
    t[j * m + j] = alpha[j];
    if (j + 1 < m) t[j * m + j + 1] = t[(j + 1) * m + j] = beta[j];
  }
  const { values, vectors } = symmetricEigen(t, m);
  const atoms = Array.from(values, (value, i) => ({ value, weight: vectors[i * m] ** 2 }));
  return { atoms, products: m };
}
