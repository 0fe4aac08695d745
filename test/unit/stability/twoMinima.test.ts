// The one-dimensional example of Wu, Ma & E 2018: two minima, equally deep, equally sharp for the full batch, told apart by noise.
import { describe, expect, test } from "vitest";
import { factorSpectrum } from "../../../src/stability/secondMoment";
import { growth, smallestStableBatch } from "../../../src/stability/growth";
import { judge } from "../../../src/stability/judge";
import { meanLimit } from "../../../src/stability/thresholds";
import { varianceLimit } from "../../../src/stability/varianceLimit";
import { stabilityMap } from "../../../src/stability/stabilityMap";
import { jsGemm as gemm } from "../../../src/util/linalg/jsGemm";
import { Rng } from "../../../src/util/rng";

// fᵢ(x) = min{x², cᵢ (x − 1)²} with c = 0.1 and 1.9.
const c = [0.1, 1.9];
const slope = (i: number, x: number): number => (x * x <= c[i] * (x - 1) ** 2 ? 2 * x : 2 * c[i] * (x - 1));
const eta = 0.7;

/** x after `steps` steps from a point close to 1. */
function descend(B: number, seed: number, steps = 300): number {
  const rng = new Rng(seed, "two minima");
  let x = 1 + 1e-5 * (rng.uniform() + 0.5);
  for (let t = 0; t < steps; t++) {
    const g = B === 1 ? slope(rng.below(2), x) : (slope(0, x) + slope(1, x)) / 2;
    x -= eta * g;
  }
  return x;
}

/** Both minima: Hᵢ = 2 and 2 at x = 0; 2cᵢ at x = 1. */
const factorsAt = (h: readonly number[]) => {
  const g = h.map(Math.sqrt);
  return factorSpectrum(Float64Array.from(g.flatMap((a) => g.map((b) => a * b))), { n: 2, K: 1 }, "all");
};
const minima = [
  { x: 0, h: [2, 2] },
  { x: 1, h: [2 * c[0], 2 * c[1]] },
];

describe("f₁ = min{x², 0.1(x−1)²}, f₂ = min{x², 1.9(x−1)²} with learning rate 0.7", () => {
  test.each([
    { x: 0, B: 2, verdict: "stable" },
    { x: 0, B: 1, verdict: "stable" },
    { x: 1, B: 2, verdict: "stable" },
    { x: 1, B: 1, verdict: "unstable-variance" },
  ])("the verdict at x = $x with batch size $B is $verdict", async ({ x, B, verdict }) => {
    const { h } = minima[x];
    const variance = await varianceLimit(await factorsAt(h), { batchSize: B, gemm });
    const decision = judge({
      diverged: false,
      learningRate: eta,
      meanLimit: meanLimit((h[0] + h[1]) / 2),
      meanLimitError: 0,
      variance,
    });
    expect(decision.verdict).toBe(verdict);
    // By hand: ρ = (1 − ηh)² averaged over the batches.
    const rates = B === 2 ? [(h[0] + h[1]) / 2] : h;
    const rho = rates.reduce((sum, rate) => sum + (1 - eta * rate) ** 2, 0) / rates.length;
    expect((await growth(await factorsAt(h), { learningRate: eta, batchSize: B, gemm })).rho).toBeCloseTo(
      rho,
      10,
    );
  });

  test("gradient descent stays at x = 1", () => {
    for (let seed = 0; seed < 20; seed++) expect(descend(2, seed)).toBeCloseTo(1, 10);
  });

  test("SGD with batch size 1 leaves x = 1 and ends at x = 0, every time", () => {
    for (let seed = 0; seed < 20; seed++) expect(Math.abs(descend(1, seed, 3000))).toBeLessThan(1e-8);
  });

  test("the map says so: at x = 1 the learning rate needs the full batch, at x = 0 any batch will do", async () => {
    const needs = async (h: readonly number[]) => {
      const factors = await factorsAt(h);
      const map = await stabilityMap(factors, { gemm });
      // By hand: Σ over batches of h(2 − ηh) = 0.
      expect(map[0].largestStableLearningRate).toBeCloseTo((2 * (h[0] + h[1])) / (h[0] ** 2 + h[1] ** 2), 6);
      expect(map.map(({ batchSize }) => batchSize)).toEqual([1, 2]);
      return Promise.all(
        [eta, 1.2].map((learningRate) => smallestStableBatch(factors, { learningRate, gemm })),
      );
    };
    expect(await needs(minima[0].h)).toEqual([1, null]);
    expect(await needs(minima[1].h)).toEqual([2, null]);
  });
});
