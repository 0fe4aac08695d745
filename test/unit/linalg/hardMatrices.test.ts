// Both eigensolvers on matrices of low rank, of huge range, graded, clustered: residuals, orthogonality, and Jacobi's method as the reference.
import { describe, expect, test } from "vitest";
import { jsGemm } from "../../../src/util/linalg/jsGemm";
import { symmetricEigen, type Eigen } from "../../../src/util/linalg/symmetricEigen";
import { symmetricEigenBlocked } from "../../../src/util/linalg/symmetricEigenBlocked";
import { tridiagonalEigen } from "../../../src/util/linalg/tridiagonalEigen";
import { Rng } from "../../../src/util/rng";

/** Cyclic Jacobi: slow, simple, and nothing in common with what is tested. Golub & Van Loan, §8.5. */
function jacobi(matrix: Float64Array, n: number): number[] {
  const a = matrix.slice();
  for (let sweep = 0; sweep < 30; sweep++)
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const apq = a[p * n + q];
        if (apq === 0) continue;
        const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
        const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[k * n + p], a[k * n + q]];
          [a[k * n + p], a[k * n + q]] = [c * x - s * y, s * x + c * y];
        }
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[p * n + k], a[q * n + k]];
          [a[p * n + k], a[q * n + k]] = [c * x - s * y, s * x + c * y];
        }
      }
  return Array.from({ length: n }, (_, i) => a[i * n + i]).sort((x, y) => y - x);
}

/** Gram matrix of `rows` rows of `width` numbers, `distinct` of them different, repeated in turn. */
function gramOf(rows: number, distinct: number, width: number, seed: number): Float64Array {
  const rng = new Rng(seed, "rows");
  const own = Array.from({ length: distinct }, () =>
    Float64Array.from({ length: width }, () => rng.normal()),
  );
  const gram = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < rows; j++)
      gram[i * rows + j] = own[i % distinct].reduce((s, x, k) => s + x * own[j % distinct][k], 0);
  return gram;
}

const symmetric = (n: number, entry: (i: number, j: number) => number): Float64Array => {
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = entry(i, j);
  return a;
};

const solvers: readonly [string, (a: Float64Array, n: number) => Promise<Eigen>][] = [
  ["plain", (a, n) => Promise.resolve(symmetricEigen(a, n))],
  ["blocked", (a, n) => symmetricEigenBlocked(a, n, jsGemm)],
];

/** ‖A v − λ v‖∞ and V Vᵀ − I, as multiples of rounding times n; A's entries are scaled by its largest first, which may be near the end of the range. */
function faults(
  a: Float64Array,
  n: number,
  { values, vectors }: Eigen,
): { residual: number; overlap: number } {
  const most = a.reduce((top, x) => Math.max(top, Math.abs(x)), 0) || 1;
  let [residual, overlap] = [0, 0];
  for (let i = 0; i < n; i++) {
    const v = vectors.subarray(i * n, (i + 1) * n);
    for (let r = 0; r < n; r++) {
      let s = -(values[i] / most) * v[r];
      for (let k = 0; k < n; k++) s += (a[r * n + k] / most) * v[k];
      residual = Math.max(residual, Math.abs(s));
      let o = r === i ? -1 : 0;
      for (let k = 0; k < n; k++) o += vectors[r * n + k] * v[k];
      overlap = Math.max(overlap, Math.abs(o));
    }
  }
  // ‖A‖ may be n times its largest entry.
  const rounding = Number.EPSILON * n;
  return { residual: residual / (rounding * n), overlap: overlap / rounding };
}

const normal = new Rng(5, "hard");
const hard: readonly [string, number, Float64Array][] = [
  ["three distinct rows", 60, gramOf(60, 3, 2, 1)],
  ["three distinct rows", 130, gramOf(130, 3, 2, 1)],
  ["rank one", 96, gramOf(96, 96, 1, 2)],
  ["rank five", 97, gramOf(97, 97, 5, 3)],
  ["zero", 50, new Float64Array(2500)],
  ["zero but for one entry", 40, symmetric(40, (i, j) => (i === 20 && j === 7 ? 3 : 0))],
  ["all ones", 110, new Float64Array(12100).fill(1)],
  [
    "graded upwards, 1e-16 to 1",
    80,
    symmetric(80, (i, j) => 10 ** ((8 * (i + j)) / 79 - 16) * (i === j ? 2 : Math.cos(i * j))),
  ],
  [
    "graded downwards, 1 to 1e-16",
    100,
    symmetric(100, (i, j) => 10 ** ((-8 * (i + j)) / 99) * (i === j ? 2 : Math.cos(i * j))),
  ],
  [
    "features of scale 1 to 1e6",
    70,
    symmetric(70, (i, j) => 10 ** ((3 * (i + j)) / 69) * (i === j ? 1.5 : Math.sin(i + j))),
  ],
  [
    "entries from 1e-167 to 1",
    64,
    symmetric(64, (i, j) => 10 ** (-167 * ((i * j) % 7 === 0 ? 0 : ((i + j) % 5) / 4)) * Math.cos(i + 3 * j)),
  ],
  ["clusters 1e-14 wide", 90, symmetric(90, (i, j) => (i === j ? (i % 3) + 1e-14 * i : 1e-15))],
  ["of size 1e-300", 50, symmetric(50, () => 1e-300 * normal.normal())],
  ["of size 1e300", 100, symmetric(100, () => 1e300 * normal.normal())],
  ["of the smallest normal numbers", 30, symmetric(30, (i, j) => ((i * j) % 5) * 2 ** -1022)],
];

describe.each(solvers)("%s", (_name, solve) => {
  test.each(hard)("%s, n = %i: A v = λ v and V Vᵀ = I to rounding, λ descending", async (_what, n, a) => {
    const eigen = await solve(a, n);
    const { residual, overlap } = faults(a, n, eigen);
    expect(residual).toBeLessThan(10);
    expect(overlap).toBeLessThan(10);
    for (let i = 1; i < n; i++) expect(eigen.values[i]).toBeLessThanOrEqual(eigen.values[i - 1]);
  });

  test.each([40, 64, 96, 97, 128])(
    "100 Gram matrices of rank 1 to 8, n = %i, have those eigenvalues and else zeros",
    async (n) => {
      // The blocked path at large sizes takes a hundred times as long as one matrix.
      for (let seed = 0; seed < (n > 96 ? 8 : 100); seed++) {
        const distinct = 1 + (seed % 8);
        const { values } = await solve(gramOf(n, distinct, 3 + seed, seed), n);
        // Multiplicities go to the sides: D^½ G D^½ of the distinct rows has the eigenvalues that are not zero.
        const small = gramOf(distinct, distinct, 3 + seed, seed);
        const times = Array.from({ length: distinct }, (_, i) => Math.ceil((n - i) / distinct));
        const wanted = jacobi(
          small.map((x, at) => x * Math.sqrt(times[Math.floor(at / distinct)] * times[at % distinct])),
          distinct,
        );
        const tolerance = 1e-14 * n * wanted[0];
        values.forEach((value, i) => expect(Math.abs(value - (wanted[i] ?? 0))).toBeLessThan(tolerance));
      }
    },
  );

  test("agrees with Jacobi's method on a matrix whose entries have random size", async () => {
    for (const n of [17, 101]) {
      const rng = new Rng(n, "sizes");
      const a = symmetric(n, () => rng.normal() * 10 ** (-20 * rng.uniform()));
      const wanted = jacobi(a, n);
      const { values } = await solve(a, n);
      values.forEach((value, i) => expect(Math.abs(value - wanted[i])).toBeLessThan(1e-14 * n * wanted[0]));
    }
  });
});

test("a tridiagonal matrix whose tail is noise of every size converges, halves and whole", async () => {
  const n = 80;
  const d = Float64Array.from({ length: n }, (_, i) => (i < 2 ? 1 : 10 ** (-7 - 2 * i)));
  const e = Float64Array.from({ length: n }, (_, i) => (i < 2 ? 0.3 : 10 ** (-6 - 2 * i)));
  const { values } = await tridiagonalEigen(d, e, jsGemm);
  const wanted = jacobi(
    symmetric(n, (i, j) => (i === j ? d[i] : i === j + 1 ? e[j] : 0)),
    n,
  ).reverse();
  values.forEach((value, i) => expect(Math.abs(value - wanted[i])).toBeLessThan(1e-14));
});
