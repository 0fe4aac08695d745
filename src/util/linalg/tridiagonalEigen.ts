// Eigenpairs of a symmetric tridiagonal matrix by divide and conquer, the joining of halves as matrix products.
import type { Gemm } from "../gemm";
import { implicitQl } from "./implicitQl";
import { rankOneEigen } from "./secular";

export interface TridiagonalEigen {
  /** Ascending, [n]. */
  readonly values: Float64Array;
  /** Row i is the unit eigenvector of values[i], [n, n]. */
  readonly vectors: Float64Array;
}

/** Up to this size a part is not divided. */
const leaf = 32;

/**
 * The matrix with diagonal `d` [n] and neighbours coupled by `e` [≥ n − 1]: torn in two at a coupling, which is a matrix of rank one, the halves solved and joined again.
 * At most 4/3 n³ flops, in matrix products; fewer where eigenpairs of a half are left as they are.
 * @source Cuppen, Numer. Math. 36 (1981); Golub & Van Loan, Matrix Computations (4th ed.), §8.4.4; deflation as LAPACK's dlaed2.
 */
export async function tridiagonalEigen(
  d: Float64Array,
  e: Float64Array,
  gemm: Gemm,
): Promise<TridiagonalEigen> {
  const n = d.length;
  if (n <= leaf) return small(d, e);
  const n1 = n >> 1;
  const coupling = e[n1 - 1];
  const torn = Math.abs(coupling);
  const [d1, d2] = [d.slice(0, n1), d.slice(n1)];
  d1[n1 - 1] -= torn;
  d2[0] -= torn;
  const first = await tridiagonalEigen(d1, e.subarray(0, n1 - 1), gemm);
  const second = await tridiagonalEigen(d2, e.subarray(n1), gemm);
  return join(first, second, coupling, gemm);
}

function small(d: Float64Array, e: Float64Array): TridiagonalEigen {
  const n = d.length;
  const [values, q] = [d.slice(), new Float64Array(n * n)];
  for (let i = 0; i < n; i++) q[i * n + i] = 1;
  // A part of finite numbers converges; if one did not, NaN is what the reader must see.
  if (!implicitQl(values, e.slice(), q)) values.fill(NaN);
  const order = Array.from(values.keys()).sort((i, j) => values[i] - values[j]);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => vectors.set(q.subarray(from * n, (from + 1) * n), to * n));
  return { values: Float64Array.from(order, (i) => values[i]), vectors };
}

/** Where an eigenvector of the halves is not zero. */
type Extent = "first" | "second" | "both";

/** Eigenpairs of diag(T₁, T₂) + |c| v vᵀ, v = (0 … 0 1 | sign c, 0 …). */
async function join(
  first: TridiagonalEigen,
  second: TridiagonalEigen,
  coupling: number,
  gemm: Gemm,
): Promise<TridiagonalEigen> {
  const [n1, n2] = [first.values.length, second.values.length];
  const n = n1 + n2;
  // In the basis of both halves' eigenvectors, v is made of last and first entries; ‖v‖² = 2 goes to ρ.
  const rho = 2 * Math.abs(coupling);
  const sign = coupling < 0 ? -Math.SQRT1_2 : Math.SQRT1_2;
  const rows: Row[] = [];
  for (let i = 0; i < n1; i++) {
    const vector = first.vectors.subarray(i * n1, (i + 1) * n1);
    rows.push({ value: first.values[i], z: vector[n1 - 1] * Math.SQRT1_2, extent: "first", vector });
  }
  for (let i = 0; i < n2; i++) {
    const vector = second.vectors.subarray(i * n2, (i + 1) * n2);
    rows.push({ value: second.values[i], z: vector[0] * sign, extent: "second", vector });
  }
  rows.sort((a, b) => a.value - b.value);
  const [live, settled] = deflate(rows, rho, n1, n);
  const k = live.length;
  const found: { readonly value: number; readonly write: (to: Float64Array) => void }[] = settled.map(
    ({ value, extent, vector }) => ({ value, write: (to) => to.set(vector, extent === "second" ? n1 : 0) }),
  );
  if (k > 0) {
    const { values, vectors } = rankOneEigen(
      Float64Array.from(live, ({ value }) => value),
      Float64Array.from(live, ({ z }) => z),
      rho,
    );
    // Each half by itself: eigenvectors of the other half have nothing to add.
    const half = async (other: Extent, from: number, width: number): Promise<Float64Array> => {
      const parts = live.flatMap(({ extent }, j) => (extent === other ? [] : [j]));
      const basis = new Float64Array(parts.length * width);
      const mix = new Float64Array(k * parts.length);
      parts.forEach((j, at) => {
        const { vector, extent } = live[j];
        basis.set(extent === "both" ? vector.subarray(from, from + width) : vector, at * width);
      });
      for (let i = 0; i < k; i++)
        for (let at = 0; at < parts.length; at++) mix[i * parts.length + at] = vectors[i * k + parts[at]];
      return parts.length === 0
        ? new Float64Array(k * width)
        : gemm(mix, basis, { m: k, n: width, k: parts.length });
    };
    const top = await half("second", 0, n1);
    const bottom = await half("first", n1, n2);
    values.forEach((value, i) =>
      found.push({
        value,
        write: (to) => {
          to.set(top.subarray(i * n1, (i + 1) * n1));
          to.set(bottom.subarray(i * n2, (i + 1) * n2), n1);
        },
      }),
    );
  }
  found.sort((a, b) => a.value - b.value);
  const vectors = new Float64Array(n * n);
  found.forEach(({ write }, i) => write(vectors.subarray(i * n, (i + 1) * n)));
  return { values: Float64Array.from(found, ({ value }) => value), vectors };
}

interface Row {
  value: number;
  z: number;
  extent: Extent;
  /** Of a half's length, or of the whole's where the extent is both. */
  vector: Float64Array;
}

/**
 * Splits off the eigenpairs that the coupling leaves as they are, to rounding: those it does not reach, and, of two with nearly the same eigenvalue, a combination
 * that it does not reach. What is left has separate values and no small z.
 */
function deflate(rows: readonly Row[], rho: number, n1: number, n: number): [live: Row[], settled: Row[]] {
  const most = rows.reduce((top, { value }) => Math.max(top, Math.abs(value)), rho);
  const tolerance = 8 * Number.EPSILON * most;
  const live: Row[] = [];
  const settled: Row[] = [];
  for (const row of rows) {
    if (rho * Math.abs(row.z) <= tolerance) {
      settled.push(row);
      continue;
    }
    const before = live.at(-1);
    if (before) {
      const length = Math.hypot(before.z, row.z);
      const [c, s] = [row.z / length, before.z / length];
      if (Math.abs((row.value - before.value) * c * s) <= tolerance) {
        rotate(before, row, { c, s }, { n1, n });
        before.z = 0;
        row.z = length;
        live.pop();
        settled.push(before);
      }
    }
    live.push(row);
  }
  return [live, settled];
}

/** a ← c·a − s·b, b ← s·a + c·b, and their values, neglecting what couples them. */
function rotate(
  a: Row,
  b: Row,
  { c, s }: { readonly c: number; readonly s: number },
  { n1, n }: { readonly n1: number; readonly n: number },
): void {
  const [x, y] = a.extent === b.extent ? [a.vector, b.vector] : [padded(a, n1, n), padded(b, n1, n)];
  for (let i = 0; i < x.length; i++) {
    const [p, q] = [x[i], y[i]];
    x[i] = c * p - s * q;
    y[i] = s * p + c * q;
  }
  if (a.extent !== b.extent) a.extent = b.extent = "both";
  [a.vector, b.vector] = [x, y];
  const [p, q] = [a.value, b.value];
  a.value = c * c * p + s * s * q;
  b.value = s * s * p + c * c * q;
}

function padded({ vector, extent }: Row, n1: number, n: number): Float64Array {
  if (extent === "both") return vector;
  const full = new Float64Array(n);
  full.set(vector, extent === "second" ? n1 : 0);
  return full;
}
