// The blocked eigensolver on matrices that are hard for one: against the plain one, reconstruction, orthogonality and closed forms.
import { describe, expect, test } from "vitest";
import { jsGemm as gemm } from "../../../src/util/linalg/jsGemm";
import { rankOneEigen } from "../../../src/util/linalg/secular";
import { symmetricEigen } from "../../../src/util/linalg/symmetricEigen";
import { symmetricEigenBlocked } from "../../../src/util/linalg/symmetricEigenBlocked";
import { Rng } from "../../../src/util/rng";

type Entry = (i: number, j: number) => number;

const build = (n: number, entry: Entry): Float64Array => {
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = entry(i, j);
  return a;
};
const tridiagonal =
  (diagonal: (i: number) => number, beside: (i: number) => number): Entry =>
  (i, j) =>
    i === j ? diagonal(i) : i === j + 1 ? beside(j) : 0;

/** Q diag(values) Qᵀ with Q a product of random reflections. */
function withSpectrum(values: Float64Array, seed: number): Float64Array {
  const n = values.length;
  const rng = new Rng(seed, "spectrum");
  const a = build(n, (i, j) => (i === j ? values[i] : 0));
  for (let round = 0; round < 3; round++) {
    const v = Float64Array.from({ length: n }, () => rng.normal());
    const size = v.reduce((s, x) => s + x * x, 0);
    const av = Float64Array.from({ length: n }, (_, i) =>
      a.subarray(i * n, (i + 1) * n).reduce((s, x, j) => s + x * v[j], 0),
    );
    const vav = v.reduce((s, x, i) => s + x * av[i], 0);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        a[i * n + j] += (-2 / size) * (v[i] * av[j] + av[i] * v[j]) + (4 / size ** 2) * vav * v[i] * v[j];
  }
  return build(n, (i, j) => (a[i * n + j] + a[j * n + i]) / 2);
}

const rng = new Rng(7, "blocked");
const spectrum = (n: number, at: (i: number) => number) => Float64Array.from({ length: n }, (_, i) => at(i));

const cases: [string, number, Float64Array][] = [
  ["random", 97, build(97, () => rng.normal())],
  ["random", 210, build(210, () => rng.normal())],
  ["the identity", 130, build(130, (i, j) => (i === j ? 1 : 0))],
  ["zero", 130, new Float64Array(130 * 130)],
  ["all ones", 130, new Float64Array(130 * 130).fill(1)],
  [
    "three clusters, 1e-13 wide",
    160,
    withSpectrum(
      spectrum(160, (i) => (i % 3) + 1e-13 * i),
      1,
    ),
  ],
  [
    "rank 5",
    140,
    withSpectrum(
      spectrum(140, (i) => (i < 5 ? i + 1 : 0)),
      2,
    ),
  ],
  [
    "graded 1 … 1e-16",
    150,
    withSpectrum(
      spectrum(150, (i) => 10 ** ((-16 * i) / 149)),
      3,
    ),
  ],
  [
    "graded entry by entry",
    150,
    build(150, (i, j) => 10 ** ((-8 * (i + j)) / 149) * (i === j ? 2 : Math.cos(i * j))),
  ],
  ["of size 1e-100", 120, build(120, () => 1e-100 * rng.normal())],
  [
    "Wilkinson's",
    201,
    build(
      201,
      tridiagonal(
        (i) => Math.abs(i - 100),
        () => 1,
      ),
    ),
  ],
  // Blocks that hardly know of each other: clusters of eigenvalues from different halves.
  [
    "glued Wilkinson's",
    210,
    build(
      210,
      tridiagonal(
        (i) => Math.abs((i % 21) - 10),
        (i) => (i % 21 === 20 ? 1e-10 : 1),
      ),
    ),
  ],
  [
    "the discrete Laplacian",
    180,
    build(
      180,
      tridiagonal(
        () => 2,
        () => -1,
      ),
    ),
  ],
  [
    "decoupled in the middle",
    128,
    build(
      128,
      tridiagonal(
        (i) => i % 7,
        (i) => (i === 63 ? 0 : 0.5),
      ),
    ),
  ],
  [
    "with a negative coupling",
    128,
    build(
      128,
      tridiagonal(
        (i) => Math.sin(i),
        (i) => (i % 2 ? -1 : 1e-3),
      ),
    ),
  ],
];

describe.each(cases)("%s, n = %i", (_, n, a) => {
  test("A = Vᵀ diag(λ) V, V Vᵀ = I and λ those of the plain eigensolver, to rounding", async () => {
    const { values, vectors } = await symmetricEigenBlocked(a, n, gemm);
    const expected = symmetricEigen(a, n).values;
    const size = Math.max(Math.abs(expected[0]), Math.abs(expected[n - 1]), Number.MIN_VALUE);
    const rounding = 1e-15 * n;
    const most = (x: Float64Array, wanted: Entry): number =>
      x.reduce((top, y, at) => Math.max(top, Math.abs(y - wanted(Math.floor(at / n), at % n))), 0);
    const scaled = vectors.map((v, at) => v * values[Math.floor(at / n)]);
    const back = await gemm(vectors, scaled, { m: n, n, k: n, transposeA: true });
    expect(most(back, (i, j) => a[i * n + j]) / size).toBeLessThan(rounding);
    const overlap = await gemm(vectors, vectors, { m: n, n, k: n, transposeB: true });
    expect(most(overlap, (i, j) => (i === j ? 1 : 0))).toBeLessThan(rounding);
    values.forEach((value, i) => {
      expect(Math.abs(value - expected[i]) / size).toBeLessThan(rounding);
      if (i > 0) expect(value).toBeLessThanOrEqual(values[i - 1]);
    });
  });
});

test("the discrete Laplacian has the eigenvalues 2 − 2cos(kπ/(n+1)) at a size where halves are joined four times", async () => {
  const n = 400;
  const { values } = await symmetricEigenBlocked(
    build(
      n,
      tridiagonal(
        () => 2,
        () => -1,
      ),
    ),
    n,
    gemm,
  );
  values.forEach((value, i) =>
    expect(Math.abs(value - 2 + 2 * Math.cos(((n - i) * Math.PI) / (n + 1)))).toBeLessThan(1e-14 * 4),
  );
});

test("a matrix with NaN or an infinite entry gives NaN values and ends", async () => {
  for (const bad of [NaN, Infinity]) {
    const a = build(120, (i, j) => (i === 80 && j === 3 ? bad : i === j ? i : 0.1));
    expect((await symmetricEigenBlocked(a, 120, gemm)).values.every(Number.isNaN)).toBe(true);
  }
});

test("only the lower triangle is read, and the matrix is left alone", async () => {
  const n = 110;
  const a = build(n, (i, j) => 1 / (1 + i + j));
  const lower = a.map((x, at) => (at % n > Math.floor(at / n) ? NaN : x));
  const before = lower.slice();
  const { values } = await symmetricEigenBlocked(lower, n, gemm);
  expect(lower).toEqual(before);
  expect(values[0]).toBeCloseTo(symmetricEigen(a, n).values[0], 13);
});

test("a diagonal plus one of rank one: poles 1e-14 apart and weights from 1 to 1e-12 keep eigenvectors orthogonal", () => {
  const k = 24;
  const d = Float64Array.from(
    { length: k },
    (_, i) => Math.floor(i / 4) + 1e-14 * (i % 4) * (1 + Math.floor(i / 4)),
  );
  const z = Float64Array.from({ length: k }, (_, i) => (i % 2 ? 1 : -1) * 10 ** (-0.5 * i));
  const { values, vectors } = rankOneEigen(d, z, 0.7);
  for (let i = 0; i < k; i++) {
    // Interlaced: one eigenvalue between any two poles.
    expect(values[i]).toBeGreaterThanOrEqual(d[i]);
    if (i < k - 1) expect(values[i]).toBeLessThanOrEqual(d[i + 1]);
    const v = vectors.subarray(i * k, (i + 1) * k);
    for (let j = 0; j < k; j++) {
      const u = vectors.subarray(j * k, (j + 1) * k);
      expect(Math.abs(u.reduce((s, x, l) => s + x * v[l], 0) - (i === j ? 1 : 0))).toBeLessThan(1e-14);
    }
    const along = v.reduce((s, x, l) => s + x * z[l], 0);
    for (let l = 0; l < k; l++)
      expect(Math.abs(d[l] * v[l] + 0.7 * along * z[l] - values[i] * v[l])).toBeLessThan(1e-14 * 6);
  }
});
