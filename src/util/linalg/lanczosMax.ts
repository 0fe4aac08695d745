// The largest eigenvalue of a symmetric operator on long float64 vectors, by restarted Lanczos.
import { symmetricEigen } from "./symmetricEigen";
import { axpy, dot, norm, scale } from "./vector";

export interface Largest {
  readonly value: number;
  /** ‖A v − value·v‖ of the unit vector v: an upper bound on the eigenvalue's error. */
  readonly residual: number;
  /** The sharper estimate residual²/gap, gap being the distance to the next Ritz value; at most the residual. */
  readonly error: number;
  readonly vector: Float64Array;
}

const basisSize = 16;

/**
 * @param apply      v ↦ A v, both [m]; symmetric.
 * @param start      First vector, [m]; not orthogonal to the wanted eigenvector.
 * @param tolerance  Relative error (residual²/gap, Parlett, §10.5) to stop at.
 * @returns the best Ritz pair after at most `restarts` × 16 products; NaN when A v is not finite.
 * @source Golub & Van Loan, Matrix Computations (4th ed.), §10.1 and §10.5.
 */
export async function lanczosMax(
  apply: (v: Float64Array) => Promise<Float64Array>,
  start: Float64Array,
  tolerance = 1e-9,
  restarts = 60,
): Promise<Largest> {
  let x = start.slice();
  scale(1 / norm(x), x);
  let best: Largest = { value: NaN, residual: Infinity, error: Infinity, vector: x };
  for (let round = 0; round < restarts; round++) {
    const basis: Float64Array[] = [x];
    const alpha: number[] = [];
    const beta: number[] = [];
    for (;;) {
      const v = basis[basis.length - 1];
      const w = await apply(v);
      alpha.push(dot(v, w));
      if (!Number.isFinite(alpha[alpha.length - 1]))
        return { value: NaN, residual: NaN, error: NaN, vector: x };
      for (let pass = 0; pass < 2; pass++) for (const u of basis) axpy(-dot(u, w), u, w);
      const b = norm(w);
      beta.push(b);
      const m = alpha.length;
      if (m === basisSize || m === x.length || b <= 1e-14 * Math.abs(alpha[0])) break;
      // The small problem costs nothing beside a product: no product is spent on what is known already.
      const { values, vectors } = ritz(alpha, beta);
      if (errorOf(b, values, vectors) <= tolerance * Math.abs(values[0])) break;
      scale(1 / b, w);
      basis.push(w);
    }
    const m = alpha.length;
    const { values, vectors } = ritz(alpha, beta);
    const next = new Float64Array(x.length);
    basis.forEach((u, i) => axpy(vectors[i], u, next));
    scale(1 / norm(next), next);
    x = next;
    const residual = Math.abs(beta[m - 1] * vectors[m - 1]);
    best = { value: values[0], residual, error: errorOf(beta[m - 1], values, vectors), vector: x };
    if (best.error <= tolerance * Math.abs(best.value)) break;
  }
  return best;
}

/** Eigenpairs of the tridiagonal matrix of a Lanczos basis. */
function ritz(alpha: readonly number[], beta: readonly number[]) {
  const m = alpha.length;
  const t = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    t[i * m + i] = alpha[i];
    if (i > 0) t[i * m + i - 1] = t[(i - 1) * m + i] = beta[i - 1];
  }
  return symmetricEigen(t, m);
}

/**
 * residual²/gap, the next eigenvalue taken to lie as high as the residual of the next Ritz value allows; the residual itself where that
 * leaves no gap. One Ritz value alone says nothing of the gap.
 */
function errorOf(beta: number, values: Float64Array, vectors: Float64Array): number {
  const m = values.length;
  const residual = Math.abs(beta * vectors[m - 1]);
  if (m < 3) return residual;
  const gap = values[0] - values[1] - Math.abs(beta * vectors[2 * m - 1]);
  return gap > 0 ? Math.min(residual, residual ** 2 / gap) : residual;
}
