// Householder reduction of a symmetric matrix to tridiagonal form in panels, half of its work as matrix products.
import type { Gemm } from "../gemm";
import { axpy, dot } from "./vector";

export interface Tridiagonal {
  /** Diagonal [n], and what couples i and i + 1, [n], the last of it unused. */
  readonly d: Float64Array;
  readonly e: Float64Array;
  /** Row k from k + 1 on is v of the reflector I − τₖ v vᵀ, [n, n]; A = Q T Qᵀ, Q = H₀ H₁ …. */
  readonly reflectors: Float64Array;
  readonly tau: Float64Array;
}

/** Rows reduced before the rest of the matrix is updated, rows updated at once, and reflectors applied at once to eigenvectors. */
const [panelRows, stripRows, blockRows] = [32, 256, 128];

/** The lower triangle of a matrix, turned over and divided by `scale`. */
export interface Scaled {
  /** The upper triangle, where what a reflector needs is contiguous, [n, n]. */
  readonly upper: Float64Array;
  /** A power of two near the largest entry, so that no square overflows or vanishes; 1 for zeros, NaN when an entry is no number. */
  readonly scale: number;
}

export function scaledUpper(a: Float64Array, n: number): Scaled {
  let most = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const size = Math.abs(a[i * n + j]);
      if (!(size <= Number.MAX_VALUE)) return { upper: new Float64Array(0), scale: NaN };
      if (size > most) most = size;
    }
  const scale = most === 0 ? 1 : 2 ** Math.floor(Math.log2(most));
  const upper = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) upper[j * n + i] = a[i * n + j] / scale;
  return { upper, scale };
}

/** Rows of V and W: A − Σ (v wᵀ + w vᵀ) is the matrix as far as a panel has reduced it. */
interface Panel {
  readonly V: readonly Float64Array[];
  readonly W: readonly Float64Array[];
}

const unreduced = (upper: Float64Array, n: number): Tridiagonal => ({
  d: new Float64Array(n),
  e: new Float64Array(n),
  reflectors: upper,
  tau: new Float64Array(n),
});

/**
 * Reduces the symmetric matrix whose upper triangle is given, in its place. Costs 4/3 n³ flops, half of them in products of a triangle and a vector.
 * @source Golub & Van Loan, Matrix Computations (4th ed.), §8.3.1; panels as in LAPACK's latrd (Dongarra, Sorensen & Hammarling 1989).
 */
export async function tridiagonalize(upper: Float64Array, n: number, gemm: Gemm): Promise<Tridiagonal> {
  const reduced = unreduced(upper, n);
  for (let from = 0; from < n; from += panelRows) {
    const to = Math.min(n, from + panelRows);
    const panel = reducePanel(reduced, from, to);
    if (to < n) await update({ A: upper, n, from: to }, panel, gemm);
  }
  return reduced;
}

/** The same with the update in loops, for matrices too small for a product to be worth its call. */
export function tridiagonalizeInLoops(upper: Float64Array, n: number): Tridiagonal {
  const reduced = unreduced(upper, n);
  for (let from = 0; from < n; from += panelRows) {
    const to = Math.min(n, from + panelRows);
    const { V, W } = reducePanel(reduced, from, to);
    for (let i = to; i < n; i++) {
      const row = upper.subarray(i * n + i, (i + 1) * n);
      V.forEach((v, q) => {
        axpy(-v[i], W[q].subarray(i), row);
        axpy(-W[q][i], v.subarray(i), row);
      });
    }
  }
  return reduced;
}

/** Reduces rows `from` … `to` − 1 and notes what that does to those below. */
function reducePanel({ d, e, tau, reflectors: A }: Tridiagonal, from: number, to: number): Panel {
  const n = d.length;
  const V: Float64Array[] = [];
  const W: Float64Array[] = [];
  for (let k = from; k < to; k++) {
    const row = A.subarray(k * n + k, (k + 1) * n);
    V.forEach((v, q) => {
      axpy(-W[q][k], v.subarray(k), row);
      axpy(-v[k], W[q].subarray(k), row);
    });
    d[k] = row[0];
    if (k === n - 1) break;
    const v = new Float64Array(n);
    [e[k], tau[k]] = reflector(row.subarray(1), v.subarray(k + 1));
    row.set(v.subarray(k + 1), 1);
    const w = new Float64Array(n);
    if (tau[k] !== 0) {
      upperTimes({ A, n, from: k + 1 }, v, w);
      const [u, x] = [v.subarray(k + 1), w.subarray(k + 1)];
      V.forEach((v, q) => {
        const [vq, wq] = [v.subarray(k + 1), W[q].subarray(k + 1)];
        const [along, across] = [dot(wq, u), dot(vq, u)];
        axpy(-along, vq, x);
        axpy(-across, wq, x);
      });
      for (let i = 0; i < x.length; i++) x[i] *= tau[k];
      axpy((-tau[k] / 2) * dot(x, u), u, x);
    }
    V.push(v);
    W.push(w);
  }
  return { V, W };
}

/** Below this a sum of squares is taken for zero: the matrix has entries near 1, and a smaller sum would have lost digits to underflow. */
const negligible = 1e-280;

/** v and τ with (I − τ v vᵀ) x = (α, 0, …), v₀ = 1; gives [α, τ]. */
function reflector(x: Float64Array, v: Float64Array): [number, number] {
  const rest = x.subarray(1);
  const size = dot(rest, rest);
  if (size < negligible) return [x[0], 0];
  const length = Math.sqrt(x[0] * x[0] + size);
  const alpha = x[0] > 0 ? -length : length;
  const v0 = x[0] - alpha;
  for (let i = 1; i < x.length; i++) v[i] = x[i] / v0;
  v[0] = 1;
  return [alpha, -v0 / alpha];
}

/** The part of A [n, n] with rows and columns from `from` on. */
interface Trailing {
  readonly A: Float64Array;
  readonly n: number;
  readonly from: number;
}

/**
 * w = A v on rows and columns from `from` on, from the upper triangle alone: each entry read is used for both of its places, and four
 * rows at once, so that it is not the sums that are waited for.
 */
function upperTimes({ A, n, from }: Trailing, v: Float64Array, w: Float64Array): void {
  let i = from;
  for (; i + 4 <= n; i += 4) {
    const r0 = i * n;
    const r1 = r0 + n;
    const r2 = r1 + n;
    const r3 = r2 + n;
    const v0 = v[i];
    const v1 = v[i + 1];
    const v2 = v[i + 2];
    const v3 = v[i + 3];
    // The triangle at the diagonal.
    const [a01, a02, a03] = [A[r0 + i + 1], A[r0 + i + 2], A[r0 + i + 3]];
    const [a12, a13, a23] = [A[r1 + i + 2], A[r1 + i + 3], A[r2 + i + 3]];
    let s0 = A[r0 + i] * v0 + a01 * v1 + a02 * v2 + a03 * v3;
    let s1 = a01 * v0 + A[r1 + i + 1] * v1 + a12 * v2 + a13 * v3;
    let s2 = a02 * v0 + a12 * v1 + A[r2 + i + 2] * v2 + a23 * v3;
    let s3 = a03 * v0 + a13 * v1 + a23 * v2 + A[r3 + i + 3] * v3;
    for (let j = i + 4; j < n; j++) {
      const x = v[j];
      const a0 = A[r0 + j];
      const a1 = A[r1 + j];
      const a2 = A[r2 + j];
      const a3 = A[r3 + j];
      s0 += a0 * x;
      s1 += a1 * x;
      s2 += a2 * x;
      s3 += a3 * x;
      w[j] += a0 * v0 + a1 * v1 + (a2 * v2 + a3 * v3);
    }
    w[i] += s0;
    w[i + 1] += s1;
    w[i + 2] += s2;
    w[i + 3] += s3;
  }
  for (; i < n; i++) {
    w[i] += A[i * n + i] * v[i];
    for (let j = i + 1; j < n; j++) {
      w[i] += A[i * n + j] * v[j];
      w[j] += A[i * n + j] * v[i];
    }
  }
}

/** A ← A − Σ (v wᵀ + w vᵀ) on rows and columns from `from` on, in strips of rows that leave out most of the lower triangle. */
async function update({ A, n, from }: Trailing, { V, W }: Panel, gemm: Gemm): Promise<void> {
  const cut = (rows: readonly Float64Array[], start: number, end: number): Float64Array => {
    const out = new Float64Array(rows.length * (end - start));
    rows.forEach((row, i) => out.set(row.subarray(start, end), i * (end - start)));
    return out;
  };
  const [left, right] = [
    [...V, ...W],
    [...W, ...V],
  ];
  for (let start = from; start < n; start += stripRows) {
    const end = Math.min(n, start + stripRows);
    const width = n - start;
    const change = await gemm(cut(left, start, end), cut(right, start, n), {
      m: end - start,
      n: width,
      k: left.length,
      transposeA: true,
    });
    for (let i = start; i < end; i++) {
      const [row, at] = [i * n, (i - start) * width - start];
      for (let j = i; j < n; j++) A[row + j] -= change[at + j];
    }
  }
}

/**
 * Rows x of X [n, n] become Q x, in place: products of reflectors as I − V T Vᵀ, a block at a time. Costs 2 n³ flops, all in matrix
 * products.
 * @source Golub & Van Loan, §5.1.7; Schreiber & Van Loan 1989.
 */
export async function applyQ(
  { reflectors, tau }: Tridiagonal,
  X: Float64Array,
  n: number,
  gemm: Gemm,
): Promise<void> {
  const room = new Float64Array(n * (n - 1));
  for (let from = Math.floor((n - 2) / blockRows) * blockRows; from >= 0; from -= blockRows) {
    const b = Math.min(blockRows, n - 1 - from);
    const m = n - 1 - from;
    const V = new Float64Array(b * m);
    for (let k = 0; k < b; k++) {
      const at = (from + k) * n;
      V.set(reflectors.subarray(at + from + k + 1, at + n), k * m + k);
    }
    const T = await triangle(V, tau.subarray(from, from + b), gemm);
    const tail = room.subarray(0, n * m);
    for (let i = 0; i < n; i++) tail.set(X.subarray(i * n + from + 1, (i + 1) * n), i * m);
    const XV = await gemm(tail, V, { m: n, n: b, k: m, transposeB: true });
    const XVT = await gemm(XV, T, { m: n, n: b, k: b, transposeB: true });
    const change = await gemm(XVT, V, { m: n, n: m, k: b });
    for (let i = 0; i < n; i++) {
      const row = i * n + from + 1;
      for (let j = 0; j < m; j++) X[row + j] -= change[i * m + j];
    }
  }
}

/** T [b, b], upper triangular, with H₀ H₁ … = I − Vᵀ T V for reflectors in the rows of V [b, m]. */
async function triangle(V: Float64Array, tau: Float64Array, gemm: Gemm): Promise<Float64Array> {
  const b = tau.length;
  const m = V.length / b;
  const overlap = await gemm(V, V, { m: b, n: b, k: m, transposeB: true });
  const T = new Float64Array(b * b);
  for (let j = 0; j < b; j++) {
    T[j * b + j] = tau[j];
    for (let i = 0; i < j; i++) {
      let s = 0;
      for (let k = i; k < j; k++) s += T[i * b + k] * overlap[k * b + j];
      T[i * b + j] = -tau[j] * s;
    }
  }
  return T;
}
