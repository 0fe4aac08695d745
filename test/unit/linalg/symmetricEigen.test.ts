// The dense eigensolver against reconstruction, orthogonality and spectra known in closed form.
import { expect, test } from "vitest";
import { jsGemm } from "../../../src/util/linalg/jsGemm";
import { symmetricEigen } from "../../../src/util/linalg/symmetricEigen";
import { Rng } from "../../../src/util/rng";

function randomSymmetric(n: number, seed: number): Float64Array {
  const rng = new Rng(seed);
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = rng.normal();
  return a;
}

test.each([1, 2, 3, 10, 60, 250])(
  "A = Vᵀ diag(λ) V and V Vᵀ = I for a random matrix of size %i",
  async (n) => {
    const a = randomSymmetric(n, n);
    const { values, vectors } = symmetricEigen(a, n);
    const scaled = vectors.map((v, i) => v * values[Math.floor(i / n)]);
    const back = await jsGemm(vectors, scaled, { m: n, n, k: n, transposeA: true });
    const overlap = await jsGemm(vectors, vectors, { m: n, n, k: n, transposeB: true });
    expect(Math.max(...back.map((x, i) => Math.abs(x - a[i])))).toBeLessThan(1e-12 * n + 1e-13);
    expect(Math.max(...overlap.map((x, i) => Math.abs(x - (i % (n + 1) === 0 ? 1 : 0))))).toBeLessThan(1e-12);
    for (let i = 1; i < n; i++) expect(values[i - 1]).toBeGreaterThanOrEqual(values[i]);
  },
);

test("the discrete Laplacian has the eigenvalues 2 − 2cos(kπ/(n+1))", () => {
  const n = 40;
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    a[i * n + i] = 2;
    if (i > 0) a[i * n + i - 1] = a[(i - 1) * n + i] = -1;
  }
  const { values } = symmetricEigen(a, n);
  values.forEach((value, i) =>
    expect(value).toBeCloseTo(2 - 2 * Math.cos(((n - i) * Math.PI) / (n + 1)), 12),
  );
});

test("multiple and zero eigenvalues come out with full multiplicity", () => {
  const n = 30;
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) a[i * n + i] = i < 10 ? 5 : i < 20 ? 0 : -3;
  // A reflection mixes the blocks without moving the spectrum.
  const rng = new Rng(2);
  const v = Float64Array.from({ length: n }, () => rng.normal());
  const size = v.reduce((s, x) => s + x * x, 0);
  const av = new Float64Array(n);
  for (let i = 0; i < n; i++) av[i] = a[i * n + i] * v[i];
  const vav = v.reduce((s, x, i) => s + x * av[i], 0);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      a[i * n + j] += (-2 / size) * (v[i] * av[j] + av[i] * v[j]) + (4 / size ** 2) * vav * v[i] * v[j];
  const { values } = symmetricEigen(a, n);
  values.forEach((value, i) => expect(value).toBeCloseTo(i < 10 ? 5 : i < 20 ? 0 : -3, 11));
});

test("a matrix with NaN gives NaN values and ends", () => {
  expect(symmetricEigen(new Float64Array(25).fill(NaN), 5).values.every(Number.isNaN)).toBe(true);
});
