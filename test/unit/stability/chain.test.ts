// The chain from stability to generalization: its first link on explicit problems, and the reasons where it does not apply.
import { describe, expect, test } from "vitest";
import { chainOf, type ChainInput } from "../../../src/stability/chain";
import { Rng } from "../../../src/util/rng";
import { samplingFactor } from "../../../src/stability/thresholds";
import { overBatches, randomProblem, spectralRadius, kron, identity, add } from "../../support/linearModel";

const base: ChainInput = {
  learningRate: 0.1,
  p: 0.5,
  outputs: 1,
  squareLoss: { scale: 1 },
  interpolated: true,
  plain: true,
  meanSquareNorm: 2,
  trace: 3,
  examples: 16,
  batchSize: 2,
  sharpestExample: 7,
  momentGrowth: 0.99,
  smoothness: 1,
  smoothnessBound: 2,
  noBound: null,
  estimate: 0.4,
  noEstimate: null,
  testLoss: 0.3,
  alignment: { frobenius: 2, mu: 0.5 },
  robustness: { radius: 0.1, change: 0.09 },
  fourthSmoothness: 1.5,
  firstLayer: 3,
  knownTarget: {
    error: 0.5,
    residual: 0.01,
    reach: 0.2,
    change: 0.3,
    slope: 0.4,
    flatness: 0.9,
    rise: 0.05,
    targetChange: 0.25,
    targetLength: 0.35,
  },
};
const link = (input: Partial<ChainInput>, id: string) =>
  chainOf({ ...base, ...input }).find((one) => one.id === id)!;

describe.each([
  { n: 5, d: 4, K: 1, B: 1 },
  { n: 5, d: 4, K: 2, B: 2 },
  { n: 4, d: 3, K: 3, B: 1 },
])("a random linear model, n = $n, d = $d, K = $K, B = $B", ({ n, d, K, B }) => {
  test("where SGD is mean-square stable both parts of the first link hold", () => {
    const problem = randomProblem(n, d, K, 3);
    const stable = (eta: number): boolean => {
      const Q = overBatches(problem, B, (HB) => {
        const M = add([1, identity(d)], [-eta, HB]);
        return kron(M, M, d);
      });
      return spectralRadius(Q, d * d) <= 1;
    };
    let [low, high] = [0, 10];
    for (let i = 0; i < 40; i++) {
      const middle = (low + high) / 2;
      if (stable(middle)) low = middle;
      else high = middle;
    }
    expect(low).toBeGreaterThan(0);
    const squares = problem.each.reduce((s, h) => s + h.reduce((a, b) => a + b * b, 0), 0) / n;
    const trace = Array.from({ length: d }, (_, i) => problem.H[i * d + i]).reduce((a, b) => a + b);
    const input = { p: samplingFactor(n, B), outputs: K, meanSquareNorm: squares, trace };
    for (const share of [0.3, 0.7, 0.999]) {
      expect(link({ ...input, learningRate: share * low }, "stability-flatness").holds).toBe(true);
      expect(link({ ...input, learningRate: share * low }, "trace").holds).toBe(true);
    }
    // Far above the limit the inequality itself breaks: it is no tautology.
    expect(link({ ...input, learningRate: 50 * low }, "stability-flatness").holds).toBe(false);
  });
});

test.each([
  { n: 6, d: 4, B: 1 },
  { n: 6, d: 3, B: 2 },
  { n: 5, d: 8, B: 3 },
])(
  "beyond the alignment bound the expected loss rises in one step: n = $n, d = $d, B = $B",
  ({ n, d, B }) => {
    const problem = randomProblem(n, d, 1, 5);
    const rng = new Rng(n * d, "alignment");
    const delta = Float64Array.from({ length: d }, () => rng.normal());
    const times = (A: Float64Array, v: Float64Array) =>
      Float64Array.from({ length: d }, (_, i) => v.reduce((sum, x, j) => sum + A[i * d + j] * x, 0));
    const inner = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);
    const lossOf = (v: Float64Array) => inner(v, times(problem.H, v)) / 2;
    const mean = times(problem.H, delta);
    const along = (v: Float64Array) => inner(v, times(problem.H, v));
    const noise = problem.each.reduce((sum, Hi) => sum + along(times(Hi, delta)), 0) / n - along(mean);
    const frobenius = Math.sqrt(problem.H.reduce((sum, x) => sum + x * x, 0));
    const mu = noise / (2 * lossOf(delta) * frobenius ** 2);
    const p = samplingFactor(n, B);
    // The mean over every batch there is, of the step itself.
    const after = (eta: number) =>
      overBatches(problem, B, (HB) => {
        const g = times(HB, delta);
        return Float64Array.of(lossOf(delta.map((x, i) => x - eta * g[i])));
      })[0];
    const edge = 1 / (frobenius * Math.sqrt(p * mu));
    for (const share of [0.5, 1, 1.5, 4]) {
      const eta = share * edge;
      const one = link({ p, learningRate: eta, alignment: { frobenius, mu } }, "alignment");
      expect(one.right! / one.left!).toBeCloseTo(1 / share, 9);
      expect(after(eta)).toBeGreaterThanOrEqual(share ** 2 * lossOf(delta) * (1 - 1e-12));
      if (one.holds === false) expect(after(eta)).toBeGreaterThan(lossOf(delta));
    }
  },
);

test("sides are those of the formulas, with the loss's scale", () => {
  expect(link({}, "stability-flatness")).toMatchObject({ left: 2, right: (2 / (0.1 * 0.5)) * 3 });
  expect(link({ outputs: 10 }, "trace")).toMatchObject({ left: 3, right: 20 / (0.1 * 0.5) });
  // mse with K = 10: its loss is 1/K of the squared distance, half of squared-error's scale 2/K.
  const last = link({ squareLoss: { scale: 0.2 } }, "smoothness-generalization");
  expect(last.left).toBeCloseTo(0.04, 12);
  expect(last.right).toBe(0.3);
  expect(last.holds).toBe(null);
});

test("how far inputs move outputs stands beside the slopes, and below what stability leaves", () => {
  expect(link({}, "smoothness-robustness")).toMatchObject({ left: 0.09, right: 0.1, holds: null });
  const bound = link({ outputs: 2, squareLoss: { scale: 0.5 } }, "stability-robustness");
  expect(bound).toMatchObject({ left: 0.09, holds: true });
  expect(bound.right).toBeCloseTo(0.1 * 3 * Math.sqrt(4 / (0.1 * 0.5 * 0.5)), 12);
  expect(chainOf({ ...base, robustness: null }).some(({ id }) => id.endsWith("robustness"))).toBe(false);
});

test("the fourth power of the slopes and the sharpest example stand below what stability leaves", () => {
  const slopes = link({ outputs: 2, squareLoss: { scale: 0.5 } }, "stability-smoothness");
  expect(slopes).toMatchObject({ left: 1.5, holds: true });
  expect(slopes.right).toBeCloseTo(3 * Math.sqrt(4 / (0.1 * 0.5 * 0.5)), 12);
  const sharpest = link({}, "moment-flatness");
  expect(sharpest).toMatchObject({ left: 7, holds: true });
  expect(sharpest.right).toBeCloseTo((2 / 0.1) * (16 * 8) ** 0.25, 12);
  expect(link({ sharpestExample: 68 }, "moment-flatness").holds).toBe(false);
});

test("where the target is known every step to it has both its sides", () => {
  expect(link({}, "way-slope")).toMatchObject({ left: 0.4, right: 0.9, holds: true });
  expect(link({}, "way-change")).toMatchObject({ left: 0.3, right: 0.4, holds: true });
  expect(link({}, "target-change")).toMatchObject({ left: 0.25, right: 0.35, holds: true });
  expect(link({}, "known-target")).toMatchObject({ left: 0.5, holds: true });
  expect(link({}, "known-target").right).toBeCloseTo(0.4 + 0.01 + 0.35, 12);
  const allowed = link({}, "stability-way");
  expect(allowed).toMatchObject({ left: 0.9, holds: true });
  expect(allowed.right).toBeCloseTo(0.2 * 3 * Math.sqrt(2 / (0.1 * 0.5)) + 0.05, 12);
  expect(link({ learningRate: 2 }, "stability-way").holds).toBe(false);
  // The triangle needs no stability, the sides that speak of it do.
  expect(link({ plain: false }, "known-target").holds).toBe(true);
  expect(link({ plain: false }, "stability-way").notApplicable).toMatch(/without momentum/);
  expect(chainOf({ ...base, knownTarget: null }).some(({ id }) => /way|target/.test(id))).toBe(false);
});

test.each([
  [{ momentGrowth: null }, "moment-flatness", /not measured/],
  [{ momentGrowth: 1.25 }, "moment-flatness", /1\.250-fold/],
  [{ knownTarget: "the time was over" }, "known-target", /time was over/],
  [{ knownTarget: { ...(base.knownTarget as object), flatness: null } as never }, "way-slope", /first layer/],
  [
    { smoothnessBound: null, firstLayer: null, noBound: "an example's input is zero" },
    "stability-smoothness",
    /input is zero/,
  ],
  [{ squareLoss: null }, "trace", /cross-entropy/],
  [{ interpolated: false }, "flatness-smoothness", /not interpolated/],
  [{ p: 0 }, "stability-flatness", /full batches/],
  [{ plain: false }, "trace", /without momentum/],
  [{ p: 0 }, "alignment", /full batches/],
  [{ p: 0 }, "stability-robustness", /full batches/],
  [{ interpolated: false }, "stability-robustness", /not interpolated/],
  [{ alignment: { frobenius: 1, mu: NaN } }, "alignment", /not lie along/],
  [
    { smoothnessBound: null, noBound: "the first layer is not z = W₁x + b₁" },
    "flatness-smoothness",
    /first layer/,
  ],
  [{ estimate: null, noEstimate: "there is no test data" }, "smoothness-generalization", /no test data/],
] as const)("a link whose assumption fails has a reason and no numbers: %j", (input, id, reason) => {
  const one = link(input, id);
  expect(one.notApplicable).toMatch(reason);
  expect([one.left, one.right, one.holds]).toEqual([null, null, null]);
});
