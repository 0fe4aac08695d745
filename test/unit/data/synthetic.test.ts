// The synthetic sources against closed forms.
import { describe, expect, it } from "vitest";
import { loadDataset } from "../../../src/data";
import { chebyshevT } from "../../../src/data/chebyshev";
import { erf } from "../../../src/util/erf";
import type { DataSpec } from "../../../src/protocol/experiment";

const load = <T extends DataSpec>(spec: T, seed = 0) =>
  loadDataset(spec, { readBytes: () => Promise.reject(new Error("reads nothing")), seed });
/** float32 rounding of values of size 1. */
const F32 = 1e-6;

describe("chebyshev", () => {
  const spec = { source: "chebyshev", degree: 4, examples: 20, testExamples: 5, noise: 0 } as const;

  it("labels 20 equally spaced points of [−1, 1] with cos(k arccos x)", async () => {
    const { train, test } = await load(spec);
    expect(train.x[0]).toBe(-1);
    expect(train.x[19]).toBe(1);
    for (let i = 0; i < 20; i++) {
      expect(train.x[i]).toBeCloseTo(-1 + (2 * i) / 19, 6);
      expect(Math.abs(train.y[i] - Math.cos(4 * Math.acos(train.x[i])))).toBeLessThan(20 * F32);
    }
    expect([...(test?.x ?? [])]).toEqual([...Float32Array.of(-0.8, -0.4, 0, 0.4, 0.8)]);
  });

  it.each([0, 1, 2, 5, 9])("T_%i satisfies T_k(cos t) = cos kt", (k) => {
    for (const t of [0, 0.3, 1, 2, 3]) expect(chebyshevT(k, Math.cos(t))).toBeCloseTo(Math.cos(k * t), 12);
  });

  it("adds noise of the given deviation to training targets only", async () => {
    const big = { ...spec, examples: 4000 };
    const [clean, noisy] = [await load(big), await load({ ...big, noise: 0.5 })];
    expect(noisy.test).toEqual(clean.test);
    const variance = noisy.train.y.reduce((sum, value, i) => sum + (value - clean.train.y[i]) ** 2, 0) / 4000;
    // Standard error of a variance estimate from 4000 draws: σ²·√(2/4000) ≈ 2 %; five of these.
    expect(Math.abs(variance / 0.25 - 1)).toBeLessThan(0.11);
  });

  it("of one example puts it at 0", async () => {
    expect([...(await load({ ...spec, examples: 1 })).train.x]).toEqual([0]);
  });
});

describe("teacher", () => {
  const spec = {
    source: "teacher",
    inputs: 4,
    outputs: 1,
    hidden: [],
    activation: "tanh",
    examples: 3000,
    testExamples: 10,
    noise: 0,
  } as const;

  it("has standard normal inputs", async () => {
    const { x } = (await load(spec)).train;
    const mean = x.reduce((a, b) => a + b, 0) / x.length;
    const square = x.reduce((a, b) => a + b * b, 0) / x.length;
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(x.length));
    expect(Math.abs(square - 1)).toBeLessThan(5 * Math.sqrt(2 / x.length));
  });

  it("without hidden layers is a linear map, the same on both splits", async () => {
    const { train, test } = await load(spec);
    // Solve for the weights from the first four examples, then predict the others.
    const rows = Array.from({ length: 4 }, (_, i) => [...train.x.subarray(4 * i, 4 * i + 4), train.y[i]]);
    for (let p = 0; p < 4; p++) {
      for (let r = 0; r < 4; r++) {
        if (r === p) continue;
        const f = rows[r][p] / rows[p][p];
        rows[r] = rows[r].map((value, c) => value - f * rows[p][c]);
      }
    }
    const weights = rows.map((row, i) => row[4] / row[i]);
    for (let i = 0; i < 10; i++) {
      const predicted = weights.reduce((sum, w, j) => sum + w * (test?.x[4 * i + j] ?? NaN), 0);
      expect(Math.abs(predicted - (test?.y[i] ?? NaN))).toBeLessThan(1e-4); // the solve magnifies float32 rounding
    }
  });

  it("keeps teacher and test set when the number of examples changes, and its first examples too", async () => {
    const deep = { ...spec, hidden: [7] };
    const [few, many] = [await load({ ...deep, examples: 5 }), await load({ ...deep, examples: 50 })];
    expect(few.test).toEqual(many.test);
    expect(many.train.x.subarray(0, few.train.x.length)).toEqual(few.train.x);
    expect(many.train.y.subarray(0, 5)).toEqual(few.train.y);
  });

  it("adds noise to training targets only, and to nothing else", async () => {
    const [clean, noisy] = [await load(spec), await load({ ...spec, noise: 0.3 })];
    expect(noisy.test).toEqual(clean.test);
    expect(noisy.train.x).toEqual(clean.train.x);
    const variance =
      noisy.train.y.reduce((sum, value, i) => sum + (value - clean.train.y[i]) ** 2, 0) / spec.examples;
    expect(Math.abs(variance / 0.09 - 1)).toBeLessThan(5 * Math.sqrt(2 / spec.examples));
  });

  it("differs from seed to seed", async () => {
    expect((await load(spec, 1)).train).not.toEqual((await load(spec, 2)).train);
  });

  it("uses every activation", async () => {
    const activations = ["tanh", "relu", "gelu", "sigmoid", "softplus", "linear"] as const;
    const ys = await Promise.all(
      activations.map(async (activation) =>
        (await load({ ...spec, hidden: [3], activation, examples: 4 })).train.y.join(),
      ),
    );
    expect(new Set(ys).size).toBe(activations.length);
  });

  it("has an error function exact to float64", () => {
    // Abramowitz & Stegun, Table 7.1, and erf(2), erf(−4) to 16 digits.
    const table = [
      [0, 0],
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [2, 0.9953222650189527],
      [-4, -0.9999999845827421],
      [7, 1],
    ];
    for (const [x, value] of table) expect(Math.abs(erf(x) - value)).toBeLessThan(1e-15);
  });
});

describe("spirals", () => {
  const spec = { source: "spirals", classes: 3, turns: 2, examples: 31, testExamples: 9, noise: 0 } as const;

  it("without noise puts class c at angle 2π(turns·r + c/C) and radius r < 1", async () => {
    const data = await load(spec);
    for (const split of [data.train, data.test]) {
      for (let i = 0; i < (split?.n ?? 0); i++) {
        const [u, v] = split?.x.subarray(2 * i, 2 * i + 2) ?? [];
        const r = Math.hypot(u, v);
        const turn = Math.atan2(v, u) / (2 * Math.PI) - 2 * r - (split?.labels?.[i] ?? NaN) / 3;
        expect(r).toBeLessThan(1);
        expect(Math.abs(turn - Math.round(turn))).toBeLessThan(1e-5);
      }
    }
  });

  it("balances its classes", async () => {
    const counts = [0, 0, 0];
    (await load(spec)).train.labels?.forEach((label) => counts[label]++);
    expect(counts).toEqual([11, 10, 10]);
  });

  it("has no test set when none is asked for", async () => {
    expect((await load({ ...spec, testExamples: 0 })).test).toBeNull();
  });
});
