// Every row of the decision table, with its precedence.
import { describe, expect, test } from "vitest";
import { judge, judgeTypical } from "../../../src/stability/judge";
import {
  adamLimit,
  meanLimit,
  nonuniformityLimit,
  samplingFactor,
  sharpnessLimit,
} from "../../../src/stability/thresholds";

const exact = (upper: number) => ({ lower: upper, upper, exact: true, lastChange: 0 });
const bracket = (lower: number, upper: number, lastChange: number) => ({
  lower,
  upper,
  exact: false,
  lastChange,
});
const base = { diverged: false, meanLimitError: 0.0001 };

test.each([
  [
    "well below both limits is stable",
    { learningRate: 0.5, meanLimit: 1, variance: exact(0.8) },
    { verdict: "stable", binding: "variance", limit: 0.8 },
  ],
  [
    "above the mean limit is unstable in the mean",
    { learningRate: 1.2, meanLimit: 1, variance: exact(1) },
    { verdict: "unstable-mean", binding: "mean", limit: 1 },
  ],
  [
    "above a mean limit beyond which the swing stays bounded is the edge",
    { learningRate: 1.2, meanLimit: 1, variance: null, bounded: 1.3 },
    { verdict: "edge", binding: "mean", limit: 1 },
  ],
  [
    "above what bounds the swing is unstable in the mean",
    { learningRate: 1.4, meanLimit: 1, variance: null, bounded: 1.3 },
    { verdict: "unstable-mean", binding: "mean", limit: 1 },
  ],
  [
    "between variance and mean limit is unstable in variance",
    { learningRate: 0.9, meanLimit: 1, variance: exact(0.5) },
    { verdict: "unstable-variance", binding: "variance", limit: 0.5 },
  ],
  [
    "within 5 % below the limit is the edge",
    { learningRate: 0.97, meanLimit: 1, variance: exact(1) },
    { verdict: "edge", binding: "mean", limit: 1 },
  ],
  [
    "within 5 % above the mean limit is the edge, not unstable",
    { learningRate: 1.04, meanLimit: 1, variance: exact(1) },
    { verdict: "edge", binding: "mean", limit: 1 },
  ],
  [
    "within 5 % above the variance limit is the edge, not unstable",
    { learningRate: 0.52, meanLimit: 1, variance: exact(0.5) },
    { verdict: "edge", binding: "variance", limit: 0.5 },
  ],
  [
    "above both counts as unstable in the mean",
    { learningRate: 2, meanLimit: 1, variance: exact(0.5) },
    { verdict: "unstable-mean", binding: "variance", limit: 0.5 },
  ],
  [
    "divergence takes precedence over everything",
    { diverged: true, learningRate: 0.97, meanLimit: 1, variance: exact(1) },
    { verdict: "diverged", binding: "mean", limit: 1 },
  ],
  [
    "inside a wide bracket, above the estimate, nothing is decided",
    { learningRate: 0.95, meanLimit: 2, variance: bracket(0.2, 1, 0.2) },
    { verdict: "inconclusive", binding: "variance", limit: 0.8 },
  ],
  [
    "inside a bracket but below the estimate it is stable",
    { learningRate: 0.6, meanLimit: 2, variance: bracket(0.2, 1, 0.2) },
    { verdict: "stable", binding: "variance", limit: 0.8 },
  ],
  [
    "above a bracket it is unstable",
    { learningRate: 1.1, meanLimit: 2, variance: bracket(0.2, 1, 0.2) },
    { verdict: "unstable-variance", binding: "variance", limit: 0.8 },
  ],
  [
    "inside the mean limit's error bar nothing is decided",
    { learningRate: 1.1, meanLimit: 1, meanLimitError: 0.2, variance: exact(2) },
    { verdict: "inconclusive", binding: "mean", limit: 1 },
  ],
  [
    "nothing measured is inconclusive",
    { learningRate: 1, meanLimit: null, variance: null },
    { verdict: "inconclusive", binding: null, limit: null },
  ],
  [
    "NaN readings are no readings",
    { learningRate: 1, meanLimit: NaN, variance: exact(NaN) },
    { verdict: "inconclusive", binding: null, limit: null },
  ],
  [
    "a flat point is stable at any rate",
    { learningRate: 1e6, meanLimit: Infinity, variance: exact(Infinity) },
    { verdict: "stable", binding: "mean", limit: Infinity },
  ],
] as const)("%s", (_title, input, { verdict, binding, limit }) => {
  const decision = judge({ ...base, ...input });
  expect(decision).toMatchObject({ verdict, binding });
  if (limit === null) expect(decision.limit).toBeNull();
  else expect(decision.limit).toBeCloseTo(limit, 12);
});

test("the thresholds are those of the papers", () => {
  expect(sharpnessLimit({ learningRate: 0.1 })).toBeCloseTo(20, 12);
  expect(sharpnessLimit({ learningRate: 0.1, momentum: 0.9 })).toBeCloseTo(38, 12);
  expect(sharpnessLimit({ learningRate: 0.1, momentum: 0.9, nesterov: true })).toBeCloseTo(38 / 2.8, 12);
  expect(meanLimit(20)).toBeCloseTo(0.1, 12);
  expect(meanLimit(-3)).toBe(Infinity);
  expect(adamLimit(0.001)).toBeCloseTo(38_000, 6);
  expect([samplingFactor(10, 1), samplingFactor(10, 10), samplingFactor(10, 2)]).toEqual([1, 0, 8 / 18]);
  expect(nonuniformityLimit({ learningRate: 0.5, batchSize: 1, n: 10 })).toBe(2);
  expect(nonuniformityLimit({ learningRate: 0.5, batchSize: "full", n: 10 })).toBe(Infinity);
});

test.each([
  { momentum: 0, nesterov: false },
  { momentum: 0.9, nesterov: false },
  { momentum: 0.9, nesterov: true },
  { momentum: 0.5, nesterov: true },
])(
  "on a quadratic, momentum $momentum (Nesterov: $nesterov) converges just below its threshold and diverges just above",
  ({ momentum, nesterov }) => {
    const learningRate = 0.1;
    const limit = sharpnessLimit({ learningRate, momentum, nesterov });
    const descend = (lambda: number): number => {
      let [x, v] = [1, 0];
      for (let t = 0; t < 4000; t++) {
        const g = lambda * (nesterov ? x + momentum * v : x);
        v = momentum * v - learningRate * g;
        x += v;
      }
      return Math.abs(x);
    };
    expect(descend(0.99 * limit)).toBeLessThan(1e-3);
    expect(descend(1.01 * limit)).toBeGreaterThan(1e3);
  },
);

describe("saddles", () => {
  const clear = { ...base, learningRate: 0.5, meanLimit: 1, variance: exact(0.8), still: true };
  const flattest = { value: -0.1, error: 0.01, growth: 1.05 ** 2 };
  test("negative curvature where the gradient vanishes is a saddle, and no learning rate is named", () => {
    expect(judge({ ...clear, flattest })).toMatchObject({ verdict: "saddle", limit: null, binding: null });
    // However unstable the sharp side, or near the edge.
    for (const learningRate of [0.8, 2])
      expect(judge({ ...clear, flattest, learningRate }).verdict).toBe("saddle");
    expect(judge({ ...clear, flattest, diverged: true }).verdict).toBe("diverged");
  });
  test.each([
    ["with a gradient", { still: false, flattest }],
    ["inside the error bar", { flattest: { ...flattest, error: 0.2 } }],
    ["without a number", { flattest: { ...flattest, value: NaN } }],
    ["from a search that knows no error", { flattest: { ...flattest, error: Infinity } }],
    ["that takes more than 10⁴ steps to show", { flattest: { ...flattest, growth: 1 + 0.9e-4 } }],
  ])("%s it is none", (_title, input) => {
    expect(judge({ ...clear, ...input }).verdict).toBe("stable");
  });
});

test("what is no number, or was not measured, clears no point: inconclusive at best", () => {
  const clear = { ...base, learningRate: 0.1, meanLimit: 1, variance: exact(0.8) };
  expect(judge(clear).verdict).toBe("stable");
  for (const missing of [
    { meanLimit: NaN },
    { meanLimitError: NaN },
    { variance: exact(NaN) },
    { variance: { ...bracket(0, 0.8, NaN) } },
    { variance: null, varianceMissing: true },
    { meanLimitError: Infinity },
  ])
    expect(judge({ ...clear, ...missing }).verdict, JSON.stringify(missing)).not.toBe("stable");
  // It condemns none either, and hides no condemnation.
  expect(judge({ ...clear, variance: exact(NaN) }).verdict).toBe("inconclusive");
  expect(judge({ ...clear, learningRate: 2, variance: exact(NaN) }).verdict).toBe("unstable-mean");
});

test.each([
  [0.9, { value: 1, error: 0.04 }, "stays"],
  [0.93, { value: 1, error: 0.04 }, "undecided"],
  [1.07, { value: 1, error: 0.04 }, "undecided"],
  [1.09, { value: 1, error: 0.04 }, "leaves"],
  [0.1, { value: NaN, error: NaN }, "undecided"],
  [0.1, { value: 1, error: Infinity }, "undecided"],
  [0.1, { value: Infinity, error: NaN }, "undecided"],
] as const)("a learning rate of %s beside the typical limit %o: a typical run %s", (eta, limit, kind) => {
  expect(judgeTypical(eta, limit)).toBe(kind);
});
