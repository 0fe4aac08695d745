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
  const turns = new Rotations(n);
  const finite = implicitQl(d, e, turns, n);
  turns.apply(q);
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

/** Diagonalises the tridiagonal (d, e) and notes the rotations of rows it takes. False when it does not converge (NaN). */
function implicitQl(d: Float64Array, e: Float64Array, turns: Rotations, n: number): boolean {
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
        turns.add(i, s, c);
      }
      if (r === 0 && i >= l) continue;
      d[l] -= p;
      e[l] = g;
      e[end] = 0;
    }
  }
  return d.every(Number.isFinite);
}

/** Columns turned together: as many as have their running values in registers. */
const panel = 4;

/**
 * Rotations of neighbouring rows, noted first and applied to a few columns at a time: about n² of them pass over the matrix, which
 * would be read from main memory each time. A sweep turns rows i and i + 1, then i − 1 and i, …: the row they share stays in
 * registers. Memory 20 bytes a rotation.
 */
class Rotations {
  private row: Int32Array;
  private sine: Float64Array;
  private cosine: Float64Array;
  private count = 0;

  constructor(private readonly n: number) {
    const room = Math.max(16, n * n);
    this.row = new Int32Array(room);
    this.sine = new Float64Array(room);
    this.cosine = new Float64Array(room);
  }

  /** Turns rows i and i + 1. */
  add(i: number, s: number, c: number): void {
    if (this.count === this.row.length) this.grow();
    this.row[this.count] = i;
    this.sine[this.count] = s;
    this.cosine[this.count++] = c;
  }

  private grow(): void {
    const row = new Int32Array(2 * this.count);
    const [sine, cosine] = [new Float64Array(2 * this.count), new Float64Array(2 * this.count)];
    row.set(this.row);
    sine.set(this.sine);
    cosine.set(this.cosine);
    [this.row, this.sine, this.cosine] = [row, sine, cosine];
  }

  /** Applies them in order to the rows of z [n, n]. */
  apply(z: Float64Array): void {
    const { n } = this;
    const part = new Float64Array(n * panel);
    for (let from = 0; from < n; from += panel) {
      const width = Math.min(panel, n - from);
      for (let i = 0; i < n; i++) for (let k = 0; k < width; k++) part[i * panel + k] = z[i * n + from + k];
      this.turn(part);
      for (let i = 0; i < n; i++) for (let k = 0; k < width; k++) z[i * n + from + k] = part[i * panel + k];
    }
  }

  /** Rows i + 1 ← s·row i + c·row i+1, i ← c·row i − s·row i+1, on [n, panel]. */
  private turn(part: Float64Array): void {
    const { row, sine, cosine, count } = this;
    let [f0, f1, f2, f3] = [0, 0, 0, 0];
    // Place of the row held in f0 … f3.
    let held = -1;
    for (let t = 0; t < count; t++) {
      const a = row[t] * panel;
      const b = a + panel;
      const s = sine[t];
      const c = cosine[t];
      if (b !== held) {
        if (held >= 0) {
          part[held] = f0;
          part[held + 1] = f1;
          part[held + 2] = f2;
          part[held + 3] = f3;
        }
        f0 = part[b];
        f1 = part[b + 1];
        f2 = part[b + 2];
        f3 = part[b + 3];
      }
      const h0 = part[a];
      const h1 = part[a + 1];
      const h2 = part[a + 2];
      const h3 = part[a + 3];
      part[b] = s * h0 + c * f0;
      part[b + 1] = s * h1 + c * f1;
      part[b + 2] = s * h2 + c * f2;
      part[b + 3] = s * h3 + c * f3;
      f0 = c * h0 - s * f0;
      f1 = c * h1 - s * f1;
      f2 = c * h2 - s * f2;
      f3 = c * h3 - s * f3;
      held = a;
    }
    if (held < 0) return;
    part[held] = f0;
    part[held + 1] = f1;
    part[held + 2] = f2;
    part[held + 3] = f3;
  }
}
