// Small random linear stability problems as dense float64 matrices: brute force to compare the library with.
import { Rng } from "../../src/util/rng";

export type Matrix = Float64Array<ArrayBuffer>;

export const multiply = (
  a: Matrix,
  b: Matrix,
  { m, k, n }: { readonly m: number; readonly k: number; readonly n: number },
): Matrix => {
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let l = 0; l < k; l++) for (let j = 0; j < n; j++) c[i * n + j] += a[i * k + l] * b[l * n + j];
  return c;
};

export const kron = (a: Matrix, b: Matrix, d: number): Matrix => {
  const c = new Float64Array(d ** 4);
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++)
      for (let k = 0; k < d; k++)
        for (let l = 0; l < d; l++) c[(i * d + k) * d * d + j * d + l] = a[i * d + j] * b[k * d + l];
  return c;
};

export const identity = (d: number): Matrix =>
  Float64Array.from({ length: d * d }, (_, i) => (i % (d + 1) === 0 ? 1 : 0));
export const add = (...terms: readonly (readonly [number, Matrix])[]): Matrix =>
  Float64Array.from(terms[0][1], (_, i) => terms.reduce((s, [c, m]) => s + c * m[i], 0));

export interface LinearProblem {
  readonly n: number;
  readonly d: number;
  readonly K: number;
  /** Factors Gᵢ, each [d, K]. */
  readonly G: readonly Matrix[];
  /** Hᵢ = GᵢGᵢᵀ and their mean. */
  readonly each: readonly Matrix[];
  readonly H: Matrix;
  /** GᵀG, index (i, k) ↦ iK + k. */
  readonly gram: Matrix;
}

export function randomProblem(n: number, d: number, K: number, seed: number): LinearProblem {
  const rng = new Rng(seed, "linear");
  // Unequal sizes: otherwise every example curves alike and noise hardly matters.
  const G = Array.from({ length: n }, () => {
    const size = 0.3 + 2 * rng.uniform();
    return Float64Array.from({ length: d * K }, () => size * rng.normal());
  });
  const each = G.map((g) => {
    const h = new Float64Array(d * d);
    for (let a = 0; a < d; a++)
      for (let b = 0; b < d; b++) for (let k = 0; k < K; k++) h[a * d + b] += g[a * K + k] * g[b * K + k];
    return h;
  });
  const H = add(...each.map((h) => [1 / n, h] as const));
  const rows = n * K;
  const gram = new Float64Array(rows * rows);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < K; k++)
      for (let j = 0; j < n; j++)
        for (let m = 0; m < K; m++)
          for (let a = 0; a < d; a++)
            gram[(i * K + k) * rows + j * K + m] += G[i][a * K + k] * G[j][a * K + m];
  return { n, d, K, G, each, H, gram };
}

/** All subsets of size B of {0 … n−1}. */
function subsets(n: number, B: number): number[][] {
  if (B === 0) return [[]];
  if (n < B) return [];
  return [...subsets(n - 1, B - 1).map((s) => [...s, n - 1]), ...subsets(n - 1, B)];
}

/** Mean of f over all batches of size B. */
export function overBatches(problem: LinearProblem, B: number, f: (HB: Matrix) => Matrix): Matrix {
  const all = subsets(problem.n, B);
  return add(
    ...all.map((s) => [1 / all.length, f(add(...s.map((i) => [1 / B, problem.each[i]] as const)))] as const),
  );
}

/** Largest absolute eigenvalue of a square matrix by repeated squaring: ‖Mᵏ‖^{1/k} with k = 2²⁰. */
export function spectralRadius(m: Matrix, size: number): number {
  let a = m.slice();
  let log = 0;
  for (let i = 0; i < 20; i++) {
    const scale = Math.sqrt(a.reduce((s, x) => s + x * x, 0));
    if (scale === 0) return 0;
    log += Math.log(scale) / 2 ** i;
    a = a.map((x) => x / scale);
    a = multiply(a, a, { m: size, k: size, n: size });
  }
  return Math.exp(log + Math.log(Math.sqrt(a.reduce((s, x) => s + x * x, 0))) / 2 ** 20);
}
