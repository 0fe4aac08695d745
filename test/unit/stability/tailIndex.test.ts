// The tail index against closed forms in one dimension, the mean-square limit, and the tail of a simulated run that noise keeps moving.
import { describe, expect, test } from "vitest";
import { factorSpectrum, type Factors } from "../../../src/stability/secondMoment";
import { tailIndex } from "../../../src/stability/tailIndex";
import { varianceLimit } from "../../../src/stability/varianceLimit";
import { jsGemm as gemm } from "../../../src/util/linalg/jsGemm";
import { Rng } from "../../../src/util/rng";
import { randomProblem } from "../../support/linearModel";

const curvatures = [0.1, 0.2, 0.3, 4];
const scalar: Factors = {
  n: 4,
  K: 1,
  r: 1,
  fullRank: 1,
  A: Float64Array.from(curvatures, Math.sqrt),
  lambda: Float64Array.of(curvatures.reduce((sum, h) => sum + h, 0) / 4),
};

/** The q > 0 with E|1 − ηh|^q = 1, by bisection. */
function closedForm(eta: number, all: readonly number[]): number {
  const moment = (q: number) => all.reduce((sum, h) => sum + Math.abs(1 - eta * h) ** q, 0) / all.length;
  let [low, high] = [0.02, 60];
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (moment(middle) > 1) high = middle;
    else low = middle;
  }
  return low;
}

describe("one parameter", () => {
  const pairs = curvatures.flatMap((a, i) => curvatures.slice(i + 1).map((b) => (a + b) / 2));
  test.each([
    [0.6, 1, curvatures],
    [1.02, 2, pairs],
  ] as const)("η = %d, B = %d: the root of E|1 − ηh|^q = 1", async (learningRate, batchSize, all) => {
    const exact = closedForm(learningRate, all);
    const { value, error } = (await tailIndex(scalar, { learningRate, batchSize, seed: 3 }))!;
    expect(Math.abs(value - exact), `${value} ± ${error}, exact ${exact}`).toBeLessThan(
      4 * error + 0.01 * exact,
    );
    expect(error).toBeLessThan(0.15 * exact);
  });

  test("there is none where a run leaves, where nothing grows, and with full batches", async () => {
    const at = (learningRate: number, batchSize = 1) => tailIndex(scalar, { learningRate, batchSize });
    expect(await at(0.8)).toBeNull();
    expect(await at(0.3)).toBeNull();
    expect(await at(0.6, 4)).toBeNull();
    expect(await tailIndex(scalar, { learningRate: 0.6, batchSize: 1, over: () => true })).toBeNull();
  });
});

const problem = randomProblem(8, 3, 1, 6);
const { n, d, G } = problem;

test("at the mean-square limit it is 2", async () => {
  const factors = await factorSpectrum(problem.gram, { n, K: 1 }, "all");
  const { upper } = await varianceLimit(factors, { batchSize: 1, gemm });
  const { value, error } = (await tailIndex(factors, { learningRate: upper, batchSize: 1 }))!;
  expect(Math.abs(value - 2), `${value} ± ${error}`).toBeLessThan(4 * error + 0.05);
  expect(error).toBeLessThan(0.3);
});

test("it is the power of the tail of a run that noise keeps moving", async () => {
  const factors = await factorSpectrum(problem.gram, { n, K: 1 }, "all");
  const { upper } = await varianceLimit(factors, { batchSize: 1, gemm });
  const learningRate = 1.1 * upper;
  const { value, error } = (await tailIndex(factors, { learningRate, batchSize: 1 }))!;
  const rng = new Rng(9, "kesten");
  const delta = new Float64Array(d);
  const squares: number[] = [];
  for (let t = 0; t < 2_000_000; t++) {
    const g = G[Math.floor(n * rng.uniform())];
    let along = 0;
    for (let a = 0; a < d; a++) along += g[a] * delta[a];
    for (let a = 0; a < d; a++) delta[a] += rng.normal() - learningRate * along * g[a];
    if (t % 10 === 0) squares.push(Math.log(Math.hypot(...delta)));
  }
  // Hill's estimate from the largest 0.3 %.
  squares.sort((a, b) => b - a);
  const k = Math.round(0.003 * squares.length);
  const mean = squares.slice(0, k).reduce((sum, x) => sum + x, 0) / k;
  const hill = 1 / (mean - squares[k]);
  expect(Math.abs(hill / value - 1), `Hill ${hill}, tail index ${value} ± ${error}`).toBeLessThan(0.15);
});
