// The loop of the noise against summed impulse responses, dense matrices, and minima whose limit is known by hand.
import { describe, expect, test } from "vitest";
import { FactorProducts } from "../../../src/stability/factorProducts";
import { NoiseGain } from "../../../src/stability/noiseGain";
import { meanGrowth, response, type Loop } from "../../../src/stability/response";
import { factorSpectrum } from "../../../src/stability/secondMoment";
import { growth, smallestStableBatch } from "../../../src/stability/growth";
import { batchSizesUpTo, stabilityMap } from "../../../src/stability/stabilityMap";
import { varianceLimit } from "../../../src/stability/varianceLimit";
import { meanLimit, samplingFactor, type Dynamics } from "../../../src/stability/thresholds";
import type { Gemm } from "../../../src/util/gemm";
import { jsGemm as gemm } from "../../../src/util/linalg/jsGemm";
import { symmetricEigen } from "../../../src/util/linalg/symmetricEigen";
import { Rng } from "../../../src/util/rng";
import { add, identity, kron, overBatches, randomProblem } from "../../support/linearModel";

const optimizers: Dynamics[] = [
  {},
  { momentum: 0.9 },
  { momentum: 0.7, nesterov: true },
  { momentum: 0.9, gain: 0.1, weightDecay: 0.2 },
  { momentum: 0.5, decoupledDecay: 0.3 },
];

/** Weights of all pairs, [r, r]. */
function dense(lambda: Float64Array, n: number, loop: Loop): number[][] {
  const weights = response(lambda, n, loop);
  return Array.from(lambda, (_, a) => {
    const row = new Float64Array(lambda.length);
    weights({ a, from: 0, to: lambda.length, times: 1 }, row, 0);
    return [...row];
  });
}

describe.each(optimizers)("%j", (dynamics) => {
  const lambda = Float64Array.of(3, 2.9, 0.7, 0.02);
  const { momentum: beta = 0, nesterov = false, gain = 1, weightDecay = 0, decoupledDecay = 0 } = dynamics;

  test.each([0.95, 1, 1.2])("weights at ρ = %d are those of summed impulse responses", (share) => {
    for (const part of [0.3, 0.98]) {
      const learningRate = part * meanLimit(lambda[0], dynamics);
      const loop = { ...dynamics, learningRate, p: 0.3 };
      const rho = Math.max(share, 1.01 * meanGrowth(lambda, loop));
      // y after t steps from a unit of noise in the velocity, step by step.
      const heard = Array.from(lambda, (value) => {
        const kappa = nesterov ? beta : 0;
        const out: number[] = [];
        for (let t = 0, x = 1, v = 1; t < 4000; t++) {
          const y = x + kappa * v;
          out.push(y);
          v = beta * v - gain * learningRate * (value + weightDecay) * y;
          x = (1 - learningRate * decoupledDecay) * x + v;
        }
        return out;
      });
      const found = dense(lambda, 10, { ...loop, rho });
      const strength = (gain * learningRate) ** 2 * 0.3;
      for (let a = 0; a < lambda.length; a++)
        for (let b = 0; b < lambda.length; b++) {
          const g = heard[a].reduce((sum, x, t) => sum + x * heard[b][t] * rho ** (-t - 1), 0);
          const wanted = ((strength / 10) * g) / (1 + strength * lambda[a] * lambda[b] * g);
          expect(Math.abs(found[a][b] / wanted - 1), `${a}, ${b}`).toBeLessThan(1e-9);
        }
    }
  });
});

test("weights of the flattest directions are free of cancellation", () => {
  // Stationary variance of heavy ball in one direction: (1 + β) / ((1 − β) h (2 + 2β − h)).
  const [beta, eta, p, n] = [0.9, 0.5, 0.25, 7];
  for (const value of [1, 1e-8, 1e-14]) {
    const h = eta * value;
    const g = (1 + beta) / ((1 - beta) * h * (2 + 2 * beta - h));
    const wanted = ((eta * eta * p) / n) * (g / (1 + p * h * h * g));
    const [[found]] = dense(Float64Array.of(value), n, { learningRate: eta, momentum: beta, p });
    expect(Math.abs(found / wanted - 1)).toBeLessThan(1e-13);
  }
});

test.each([
  { n: 3, K: 2, r: 5 },
  { n: 40, K: 5, r: 130 },
  { n: 50, K: 6, r: 270 },
])("push and pull are transposes, and AᵢZAᵢᵀ is what plain loops give: %j", async ({ n, K, r }) => {
  const rng = new Rng(r, "factors");
  const draw = (size: number) => Float64Array.from({ length: size }, () => rng.normal());
  const A = draw(n * K * r);
  const products = new FactorProducts({ n, K, r, lambda: new Float64Array(r), A, fullRank: r }, gemm);
  const Z = draw(r * r);
  for (let a = 0; a < r; a++) for (let b = 0; b < a; b++) Z[b * r + a] = Z[a * r + b];
  const half = new Float64Array(products.half);
  products.fill(({ a, from, to, times }, out, at) => {
    for (let b = from; b < to; b++) out[at + b - from] = times * Z[a * r + b];
  }, half);
  const blocks = await products.pull(half);
  for (const i of [0, n - 1])
    for (let k = 0; k < K; k++)
      for (let m = 0; m < K; m++) {
        let wanted = 0;
        for (let a = 0; a < r; a++)
          for (let b = 0; b < r; b++)
            wanted += A[(i * K + k) * r + a] * Z[a * r + b] * A[(i * K + m) * r + b];
        expect(blocks[(i * K + k) * K + m]).toBeCloseTo(wanted, 8);
      }
  const X = draw(n * K * K);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < K; k++) for (let m = 0; m < k; m++) X[(i * K + m) * K + k] = X[(i * K + k) * K + m];
  const image = await products.push(X);
  const sum = (a: Float64Array, b: Float64Array) => a.reduce((s, x, i) => s + x * b[i], 0);
  expect(sum(blocks, X)).toBeCloseTo(sum(half, image), 6);
});

test("examples that share no direction: one basis finds the mode of each batch size, where they take turns", async () => {
  // 60 examples with curvature 1 along one direction, 240 with 5, 4.95, … along one each.
  const [n, many] = [300, 60];
  const g = Float64Array.from({ length: n }, (_, i) => (i < many ? 1 : 5 * 0.99 ** (i - many)));
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) if (i === j || (i < many && j < many)) gram[i * n + j] = 1;
  for (let i = 0; i < n; i++) if (i >= many) gram[i * n + i] = g[i];
  const factors = await factorSpectrum(gram, { n, K: 1 }, "all");
  expect(factors.r).toBe(n - many + 1);
  // m examples with curvature h along a direction: E(1 − ηH_B)² = 1 at η = 2 / ((1 − p) m h/n + p h).
  const limit = (B: number): number => {
    const p = samplingFactor(n, B);
    return Math.min(2 / (((1 - p) * many) / n + p), 2 / ((5 * (1 - p)) / n + 5 * p));
  };
  const noise = new NoiseGain(factors, gemm);
  const map = await stabilityMap(factors, { gemm, noise });
  expect(map.map(({ batchSize }) => batchSize)).toEqual(batchSizesUpTo(n));
  for (const { batchSize, largestStableLearningRate: found } of map)
    expect(Math.abs(found / limit(batchSize) - 1), `B = ${batchSize}`).toBeLessThan(1e-6);
  for (const B of [3, 20, 90, 250]) {
    const learningRate = (limit(B - 1) + limit(B)) / 2;
    expect(await smallestStableBatch(factors, { learningRate, gemm, noise })).toBe(B);
  }
});

test("ρ is that of the enumerated map far below the limit too, where flat directions decay slowest, and above the mean limit", async () => {
  for (const [n, K, d, B, seed] of [
    [5, 3, 11, 1, 41],
    [6, 2, 9, 2, 7],
    [7, 1, 6, 5, 8],
    [4, 3, 1, 2, 9],
  ]) {
    const problem = randomProblem(n, d, K, seed);
    const factors = await factorSpectrum(problem.gram, { n, K }, "all");
    expect(factors.r).toBe(d);
    const noise = new NoiseGain(factors, gemm);
    const { upper } = await varianceLimit(factors, { batchSize: B, gemm, noise });
    for (const part of [0.2, 0.9, 0.999, 1.001, 1.5, 4]) {
      const learningRate = part * upper;
      const map = overBatches(problem, B, (HB) => {
        const M = add([1, identity(d)], [-learningRate, HB]);
        return kron(M, M, d);
      });
      const wanted = symmetricEigen(map, d * d).values[0];
      const { rho } = await growth(factors, { learningRate, batchSize: B, gemm, noise });
      expect(Math.abs(rho / wanted - 1), `n = ${n}, ${part} of the limit`).toBeLessThan(3e-6);
    }
  }
});

test("a basis that has been asked more than it holds still answers like a fresh one", async () => {
  const problem = randomProblem(24, 40, 2, 3);
  const factors = await factorSpectrum(problem.gram, { n: 24, K: 2 }, "all");
  const noise = new NoiseGain(factors, gemm);
  for (const batchSize of [1, 2, 3, 5, 8, 13, 20])
    for (const momentum of [0, 0.5, 0.9]) {
      const settings = { batchSize, momentum, gemm };
      const { upper: fresh } = await varianceLimit(factors, settings);
      const { upper } = await varianceLimit(factors, { ...settings, noise });
      expect(Math.abs(upper / fresh - 1)).toBeLessThan(3e-6);
      const at = { ...settings, learningRate: 1.2 * fresh };
      const { rho } = await growth(factors, at);
      expect(Math.abs((await growth(factors, { ...at, noise })).rho / rho - 1)).toBeLessThan(3e-6);
    }
});

test("a matrix product of one's own, which knows neither places nor many at once, gives the same blocks", async () => {
  const rng = new Rng(5, "own");
  const [n, K, r] = [40, 4, 150];
  const A = Float64Array.from({ length: n * K * r }, () => rng.normal());
  const factors = { n, K, r, A, fullRank: r, lambda: new Float64Array(r).fill(1) };
  const own: Gemm = (a, b, { m, n: columns, k, transposeA, transposeB }) =>
    gemm(a, b, { m, n: columns, k, transposeA, transposeB });
  const X = Float64Array.from({ length: n * K * K }, () => rng.normal());
  for (let i = 0; i < n; i++)
    for (let k = 0; k < K; k++) for (let m = 0; m < k; m++) X[(i * K + k) * K + m] = X[(i * K + m) * K + k];
  const [products, usual] = [new FactorProducts(factors, own), new FactorProducts(factors, gemm)];
  const V = await products.push(X);
  expect([...V]).toEqual([...(await usual.push(X))]);
  expect([...(await products.pull(V))]).toEqual([...(await usual.pull(V))]);
});
