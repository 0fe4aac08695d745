// All eigenvalues and eigenvectors of a dense symmetric matrix: Householder tridiagonalisation, then implicit QL.
import { implicitQl } from "./implicitQl";
import { scaledUpper, tridiagonalizeInLoops } from "./tridiagonalize";

export interface Eigen {
  /** Descending, [n]. */
  readonly values: Float64Array;
  /** Row i is the unit eigenvector of values[i], [n, n]. */
  readonly vectors: Float64Array;
}

/**
 * A = Vᵀ diag(values) V. Reads the lower triangle of `a` [n, n]; `a` is left alone.
 *
 * About 4/3 n³ flops to tridiagonalise, as many to form Q, and 3 n³ for the rotations. NaN or infinite entries
 * give NaN values; finite ones of whatever size and rank give values right to rounding of the largest. Memory about 5 n² numbers.
 * @source Golub & Van Loan, Matrix Computations (4th ed.), §8.3.
 */
export function symmetricEigen(a: Float64Array, n: number): Eigen {
  const { upper, scale } = scaledUpper(a, n);
  if (!Number.isFinite(scale)) return notFinite(n);
  const { d, e, reflectors, tau } = tridiagonalizeInLoops(upper, n);
  const q = formQ(reflectors, n, tau);
  if (!implicitQl(d, e, q)) return notFinite(n);
  const order = Array.from(d.keys()).sort((i, j) => d[j] - d[i]);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => vectors.set(q.subarray(from * n, (from + 1) * n), to * n));
  return { values: Float64Array.from(order, (i) => d[i] * scale), vectors };
}

/** What a matrix with entries that are no numbers gives. */
export const notFinite = (n: number): Eigen => ({
  values: new Float64Array(n).fill(NaN),
  vectors: new Float64Array(n * n).fill(NaN),
});

/** Qᵀ as rows: A = Q T Qᵀ, Q = H₀ H₁ …, so row i of the result starts as row i of Qᵀ. */
function formQ(m: Float64Array, n: number, tau: Float64Array): Float64Array {
  const q = new Float64Array(n * n);
  for (let i = 0; i < n; i++) q[i * n + i] = 1;
  // Qᵀ = … H₁ H₀: applying reflectors from the last to the first to the right of rows keeps them short.
  for (let k = n - 2; k >= 0; k--) {
    const t = tau[k];
    if (t === 0) continue;
    const v = k * n;
    for (let i = k + 1; i < n; i++) {
      const row = i * n;
      let s = 0;
      for (let j = k + 1; j < n; j++) s += q[row + j] * m[v + j];
      s *= t;
      for (let j = k + 1; j < n; j++) q[row + j] -= s * m[v + j];
    }
  }
  return q;
}
