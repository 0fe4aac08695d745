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
  if (n <= fewRows) return byRotations(upper, n, scale);
  const { d, e, reflectors, tau } = tridiagonalizeInLoops(upper, n);
  const q = formQ(reflectors, n, tau);
  if (!implicitQl(d, e, q)) return notFinite(n);
  const order = Array.from(d.keys()).sort((i, j) => d[j] - d[i]);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => vectors.set(q.subarray(from * n, (from + 1) * n), to * n));
  return { values: Float64Array.from(order, (i) => d[i] * scale), vectors };
}

/** Up to so many rows rotations take a fifth of the time: a small net's readings decompose little else. */
const fewRows = 5;
/** Sweeps at most; four are usual. */
const mostSweeps = 40;

/** A few rows by Jacobi's rotations. `upper` is overwritten. @source Golub & Van Loan, §8.5. */
function byRotations(upper: Float64Array, n: number, scale: number): Eigen {
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  for (let sweep = 0, turned = true; turned && sweep < mostSweeps; sweep++) {
    turned = false;
    for (let p = 0; p < n - 1; p++)
      for (let q = p + 1; q < n; q++) {
        const beside = upper[p * n + q];
        const [a, b] = [upper[p * n + p], upper[q * n + q]];
        // The scaled matrix has an entry near 1: what is smaller than its rounding changes nothing.
        if (Math.abs(beside) <= Number.EPSILON / 16) continue;
        turned = true;
        const tau = (b - a) / (2 * beside);
        const t = (tau < 0 ? -1 : 1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
        const c = 1 / Math.sqrt(1 + t * t);
        const s = t * c;
        upper[p * n + p] = a - t * beside;
        upper[q * n + q] = b + t * beside;
        upper[p * n + q] = 0;
        for (let k = 0; k < n; k++) {
          const [v, w] = [vectors[p * n + k], vectors[q * n + k]];
          vectors[p * n + k] = c * v - s * w;
          vectors[q * n + k] = s * v + c * w;
          if (k === p || k === q) continue;
          const [i, j] = [k < p ? k * n + p : p * n + k, k < q ? k * n + q : q * n + k];
          const [x, y] = [upper[i], upper[j]];
          upper[i] = c * x - s * y;
          upper[j] = s * x + c * y;
        }
      }
  }
  const values = new Float64Array(n);
  for (let i = 0; i < n; i++) values[i] = upper[i * n + i] * scale;
  // The largest first, by exchanges.
  for (let i = 0; i < n; i++) {
    let most = i;
    for (let j = i + 1; j < n; j++) if (values[j] > values[most]) most = j;
    if (most === i) continue;
    [values[i], values[most]] = [values[most], values[i]];
    for (let k = 0; k < n; k++)
      [vectors[i * n + k], vectors[most * n + k]] = [vectors[most * n + k], vectors[i * n + k]];
  }
  return { values, vectors };
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
