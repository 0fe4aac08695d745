// Bounds of the growth at settings that were not measured, against the growth itself on random minima.
import { describe, expect, test } from "vitest";
import { growth } from "../../../src/stability/growth";
import { growthBounds } from "../../../src/stability/growthBounds";
import { factorSpectrum } from "../../../src/stability/secondMoment";
import type { Dynamics } from "../../../src/stability/thresholds";
import { varianceLimit } from "../../../src/stability/varianceLimit";
import { jsGemm as gemm } from "../../../src/util/linalg/jsGemm";
import { randomProblem } from "../../support/linearModel";

/** ρ is found to a relative 1e-6. */
const found = 2e-6;
const optimizers: Dynamics[] = [
  {},
  { weightDecay: 0.3 },
  { momentum: 0.9 },
  { momentum: 0.6, nesterov: true },
];

describe.each(optimizers)("%j", (dynamics) => {
  test.each([1, 2, 3])(
    "the growth lies between its bounds, whatever was measured (minimum %d)",
    async (seed) => {
      const { n, K, gram } = randomProblem(6, 4, 1, seed);
      const factors = await factorSpectrum(gram, { n, K }, "all");
      const sharpness = { low: factors.lambda[0], high: factors.lambda[0] };
      const at = (learningRate: number, batchSize: number) =>
        growth(factors, { ...dynamics, learningRate, batchSize, gemm });
      let bounded = 0;
      for (const knownBatch of [1, 3])
        for (const share of [0.7, 1.3]) {
          const limits = await varianceLimit(factors, { ...dynamics, batchSize: knownBatch, gemm });
          const from = share * limits.upper;
          const known = {
            ...(await at(from, knownBatch)),
            learningRate: from,
            batchSize: knownBatch,
            exact: true,
          };
          for (const batchSize of [1, 2, 3, 6]) {
            const { upper: star } = await varianceLimit(factors, { ...dynamics, batchSize, gemm });
            for (const times of [0.5, 0.9, 1.1, 1.6, 2.5]) {
              const learningRate = times * star;
              const { lower, upper } = growthBounds(
                { learningRate, batchSize },
                { n, dynamics, sharpness, limit: { lower: star, upper: star }, known },
              );
              const { rho } = await at(learningRate, batchSize);
              expect(rho).toBeGreaterThanOrEqual(lower * (1 - found) - found);
              // Below its limit ρ is only said to be at most 1.
              expect(rho).toBeLessThanOrEqual(Math.max(1, upper) * (1 + found) + found);
              if (times < 1) expect(upper).toBe(1);
              if (times > 1) expect(lower).toBeGreaterThanOrEqual(1);
              if (times > 1 && Number.isFinite(upper)) bounded++;
            }
          }
        }
      // Without momentum nothing is left unbounded; with it, only the full batch is bounded.
      expect(bounded).toBe(2 * 2 * 3 * ((dynamics.momentum ?? 0) > 0 ? 1 : 4));
    },
  );
});

test("at the settings that were measured the bounds meet", async () => {
  const { n, K, gram } = randomProblem(6, 4, 1, 7);
  const factors = await factorSpectrum(gram, { n, K }, "all");
  const { upper: star } = await varianceLimit(factors, { batchSize: 2, gemm });
  const settings = { learningRate: 1.4 * star, batchSize: 2 };
  const known = { ...(await growth(factors, { ...settings, gemm })), ...settings, exact: true };
  const sharpness = { low: factors.lambda[0], high: factors.lambda[0] };
  const limit = { lower: star, upper: star };
  const { lower, upper } = growthBounds(settings, { n, dynamics: {}, sharpness, limit, known });
  expect(upper - lower).toBeLessThan(1e-5);
});

test("fewer than all directions bound the growth from below alone", () => {
  const known = { learningRate: 1, batchSize: 2, rho: 1.5, error: 0, exact: false };
  const sharpness = { low: 1, high: 1 };
  const limit = { lower: 0, upper: Infinity };
  const { lower, upper } = growthBounds(
    { learningRate: 1, batchSize: 2 },
    { n: 6, dynamics: {}, sharpness, limit, known },
  );
  expect(lower).toBeCloseTo(1.5, 12);
  expect(upper).toBe(Infinity);
});

test("the full batch has the growth of its sharpest direction, and never less than 1 from above", () => {
  const evidence = {
    n: 6,
    dynamics: {},
    sharpness: { low: 2, high: 2 },
    limit: { lower: 0, upper: Infinity },
  };
  const { lower, upper } = growthBounds({ learningRate: 1.2, batchSize: 6 }, evidence);
  expect(lower).toBeCloseTo((1 - 2.4) ** 2, 12);
  expect(upper).toBeCloseTo((1 - 2.4) ** 2, 12);
  expect(growthBounds({ learningRate: 0.1, batchSize: 6 }, evidence).upper).toBe(1);
});
