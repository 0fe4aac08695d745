// All eigenvalues and eigenvectors of a dense symmetric matrix: Householder tridiagonalisation, then implicit QL.

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
 * give NaN values. Memory 2 n² numbers.
 * @source Golub & Van Loan, Matrix Computations (4th ed.), §8.3; the QL sweep follows EISPACK's tql2.
 */
export function symmetricEigen(a: Float64Array, n: number): Eigen {
  const m = a.slice();
  const d = new Float64Array(n);
  const e = new Float64Array(n);
  const tau = new Float64Array(n);
  tridiagonalize(m, n, d, e, tau);
  const q = formQ(m, n, tau);
  const finite = implicitQl(d, e, q, n);
  if (!finite) return { values: d.fill(NaN), vectors: q };
  const order = Array.from(d.keys()).sort((i, j) => d[j] - d[i]);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => vectors.set(q.subarray(from * n, (from + 1) * n), to * n));
  return { values: Float64Array.from(order, (i) => d[i]), vectors };
}

/**
 * Reduces the lower triangle of `m` to diagonal `d` and subdiagonal `e` (e[i] couples i and i+1). Reflector k,
 * I − τ v vᵀ with v over rows k+1…n−1, is left in row k of the upper triangle, where rows are contiguous.
 */
function tridiagonalize(
  m: Float64Array,
  n: number,
  d: Float64Array,
  e: Float64Array,
  tau: Float64Array,
): void {
  const v = new Float64Array(n);
  const p = new Float64Array(n);
  for (let k = 0; k < n - 1; k++) {
    d[k] = m[k * n + k];
    let rest = 0;
    for (let i = k + 2; i < n; i++) rest += m[i * n + k] ** 2;
    const head = m[(k + 1) * n + k];
    if (rest === 0) {
      e[k] = head;
      tau[k] = 0;
      for (let i = k + 1; i < n; i++) m[k * n + i] = 0;
      continue;
    }
    const size = Math.sqrt(head * head + rest);
    const alpha = head > 0 ? -size : size;
    e[k] = alpha;
    const v0 = head - alpha;
    v[k + 1] = 1;
    for (let i = k + 2; i < n; i++) v[i] = m[i * n + k] / v0;
    const t = -v0 / alpha;
    tau[k] = t;
    // p = τ A v from the lower triangle alone: each entry is used for both of its places.
    p.fill(0, k + 1);
    for (let i = k + 1; i < n; i++) {
      const row = i * n;
      const vi = v[i];
      let s = 0;
      for (let j = k + 1; j < i; j++) {
        const x = m[row + j];
        s += x * v[j];
        p[j] += x * vi;
      }
      p[i] += s + m[row + i] * vi;
    }
    let pv = 0;
    for (let i = k + 1; i < n; i++) {
      p[i] *= t;
      pv += p[i] * v[i];
    }
    const half = (t * pv) / 2;
    for (let i = k + 1; i < n; i++) p[i] -= half * v[i];
    for (let i = k + 1; i < n; i++) {
      const row = i * n;
      const [vi, pi] = [v[i], p[i]];
      for (let j = k + 1; j <= i; j++) m[row + j] -= vi * p[j] + pi * v[j];
    }
    for (let i = k + 1; i < n; i++) m[k * n + i] = v[i];
  }
  d[n - 1] = m[n * n - 1];
}

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

/** Diagonalises the tridiagonal (d, e) and turns the rows of `z` with it. False when it does not converge (NaN). */
function implicitQl(d: Float64Array, e: Float64Array, z: Float64Array, n: number): boolean {
  for (let l = 0; l < n; l++) {
    for (let iteration = 0; ; iteration++) {
      let end = l;
      for (; end < n - 1; end++) {
        const size = Math.abs(d[end]) + Math.abs(d[end + 1]);
        if (Math.abs(e[end]) <= Number.EPSILON * size) break;
      }
      if (end === l) break;
      if (iteration === 60 || Number.isNaN(d[l])) return false;
      let g = (d[l + 1] - d[l]) / (2 * e[l]);
      let r = Math.hypot(g, 1);
      g = d[end] - d[l] + e[l] / (g + (g < 0 ? -r : r));
      let [s, c, p] = [1, 1, 0];
      let i = end - 1;
      for (; i >= l; i--) {
        const f = s * e[i];
        const b = c * e[i];
        r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] -= p;
          e[end] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        rotate(z, i * n, (i + 1) * n, n, s, c);
      }
      if (r === 0 && i >= l) continue;
      d[l] -= p;
      e[l] = g;
      e[end] = 0;
    }
  }
  return d.every(Number.isFinite);
}

function rotate(z: Float64Array, a: number, b: number, n: number, s: number, c: number): void {
  for (let k = 0; k < n; k++) {
    const f = z[b + k];
    const h = z[a + k];
    z[b + k] = s * h + c * f;
    z[a + k] = c * h - s * f;
  }
}
