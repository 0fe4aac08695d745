// The oscillation's covariance at the edge against closed forms, its own conditions, and a search over positive semidefinite matrices.
import { expect, test } from "vitest";
import { edgeVariance } from "../../../src/stability/edgeVariance";
import { symmetricEigen } from "../../../src/util/linalg/symmetricEigen";
import { Rng } from "../../../src/util/rng";

/** Random T_ij = T_ji in d dimensions: their Gram matrix [m², m²], and α [m, m]. */
function problem(m: number, d: number, seed: number) {
  const rng = new Rng(seed, "edge");
  const T: number[][] = [];
  const alpha = new Float64Array(m * m);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < m; j++) {
      T[i * m + j] = j < i ? T[j * m + i] : Array.from({ length: d }, () => rng.normal());
      alpha[i * m + j] = j < i ? alpha[j * m + i] : rng.normal();
    }
  const gram = new Float64Array(m ** 4);
  for (let p = 0; p < m * m; p++)
    for (let q = 0; q < m * m; q++) gram[p * m * m + q] = T[p].reduce((sum, x, k) => sum + x * T[q][k], 0);
  return { alpha, gram };
}

const product = (gram: Float64Array, X: ArrayLike<number>): Float64Array => {
  const size = X.length;
  return Float64Array.from({ length: size }, (_, p) => {
    let sum = 0;
    for (let q = 0; q < size; q++) sum += gram[p * size + q] * X[q];
    return sum;
  });
};
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, x, i) => sum + x * b[i], 0);
/** ¼⟨X, BX⟩ − ⟨α, X⟩, which is smallest at the solution. */
const objective = ({ alpha, gram }: ReturnType<typeof problem>, X: ArrayLike<number>): number =>
  dot(X, product(gram, X)) / 4 - dot(alpha, X);

test("along one eigenvector it is 2α/‖∇λ‖² where that is positive", () => {
  expect(edgeVariance(Float64Array.of(3), Float64Array.of(4), 1)[0]).toBeCloseTo(1.5, 9);
  expect(edgeVariance(Float64Array.of(-3), Float64Array.of(4), 1)[0]).toBe(0);
  expect(edgeVariance(Float64Array.of(3), Float64Array.of(0), 1)[0]).toBe(0);
});

test.each([1, 2, 3, 4])("along %d it meets every condition of the complementarity problem", (m) => {
  for (let seed = 0; seed < 20; seed++) {
    const { alpha, gram } = problem(m, 12, seed);
    const X = edgeVariance(alpha, gram, m);
    const slack = product(gram, X).map((value, p) => value / 2 - alpha[p]);
    const size = Math.max(...alpha.map(Math.abs), 1);
    expect(symmetricEigen(X, m).values[m - 1]).toBeGreaterThan(-1e-9);
    expect(symmetricEigen(slack, m).values[m - 1]).toBeGreaterThan(-1e-6 * size);
    expect(Math.abs(dot(X, slack))).toBeLessThan(1e-6 * size);
  }
});

test.each([
  { m: 2, seeds: 4 },
  { m: 3, seeds: 3 },
])("no positive semidefinite matrix of a search does better: $m eigenvectors", ({ m, seeds }) => {
  for (let seed = 0; seed < seeds; seed++) {
    const own = problem(m, 10, 100 + seed);
    const best = objective(own, edgeVariance(own.alpha, own.gram, m));
    // X = LLᵀ by random steps that shrink: knows nothing of the solver.
    const rng = new Rng(seed, "search");
    const square = (L: Float64Array): Float64Array => {
      const X = new Float64Array(m * m);
      for (let i = 0; i < m; i++)
        for (let j = 0; j < m; j++) for (let k = 0; k < m; k++) X[i * m + j] += L[i * m + k] * L[j * m + k];
      return X;
    };
    let L = new Float64Array(m * m);
    let found = objective(own, square(L));
    let size = 1;
    for (let step = 0; step < 30_000; step++) {
      const next = L.map((value) => value + size * rng.normal());
      const value = objective(own, square(next));
      if (value < found) [L, found, size] = [next, value, size * 1.5];
      else size = Math.max(size * 0.98, 1e-7);
    }
    expect(best).toBeLessThan(found + 1e-8);
    expect(found - best).toBeLessThan(1e-3 * (1 + Math.abs(best)));
  }
});
