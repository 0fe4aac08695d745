// What lies between a trained network and the function behind its targets, against a float64 network and two thousand points a way.
import { describe, expect, test } from "vitest";
import { plainMeter } from "../../../src/curvature/meter";
import { openEngine } from "../../../src/engines";
import { unlimited } from "../../../src/measure/budget";
import { inputSmoothness } from "../../../src/measure/inputSmoothness";
import { knownTarget } from "../../../src/measure/knownTarget";
import { nearestOf } from "../../../src/measure/nearest";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { chainOf, type ChainInput, type KnownTarget } from "../../../src/stability/chain";
import { factorSpectrum } from "../../../src/stability/secondMoment";
import { varianceLimit } from "../../../src/stability/varianceLimit";
import { Problem } from "../../../src/trainers/basin/problem";
import { Trainer } from "../../../src/trainers/basin/trainer";
import { jsGemm as gemm } from "../../../src/util/linalg/jsGemm";

const hidden = 12;
const pieces = 2000;

async function trained(data: object, activation: string, steps: number) {
  const experiment = {
    data,
    model: { kind: "mlp", hidden: [hidden], activation },
    loss: "squared-error",
    optimizer: { learningRate: 0.05 },
  };
  const { problems, points } = checkExperiment(JSON.stringify(experiment), "a.basin.json");
  expect(problems).toEqual([]);
  const problem = await Problem.load(points[0].experiment, "a.basin.json", await openEngine("auto"));
  const trainer = await Trainer.open(problem, null, plainMeter());
  for (let t = 0; t < steps; t++) {
    await trainer.computeGradient();
    trainer.advance();
  }
  return { point: trainer.point(), data: problem.data };
}

/** Of a chain whose assumptions hold, with single examples: what its other links need. */
const settled = {
  p: 1,
  squareLoss: { scale: 1 },
  interpolated: true,
  plain: true,
  noBound: null,
  momentGrowth: null,
  noEstimate: null,
  robustness: null,
  alignment: null,
} as unknown as ChainInput;

const rms = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.hypot(...Array.from(a, (value, k) => value - b[k]));

describe.each([
  {
    data: { source: "teacher", inputs: 2, outputs: 2, hidden: [4], examples: 30, testExamples: 25 },
    activation: "tanh",
    smooth: true,
  },
  {
    data: { source: "teacher", inputs: 3, hidden: [4], examples: 20, testExamples: 70 },
    activation: "relu",
    smooth: false,
  },
  {
    data: { source: "chebyshev", degree: 3, examples: 9, testExamples: 20 },
    activation: "tanh",
    smooth: true,
  },
])("$data.source, $activation", ({ data: spec, activation, smooth }) => {
  test("every side is what an independent network in float64 gives, and every inequality holds", async () => {
    const { point, data } = await trained(spec, activation, 400);
    const { train, test: held, outputs: K } = data;
    const D = train.x.length / train.n;
    const [phi, slope] =
      activation === "tanh"
        ? [Math.tanh, (z: number) => 1 - Math.tanh(z) ** 2]
        : [(z: number) => Math.max(0, z), (z: number) => (z > 0 ? 1 : 0)];
    // W₁ [hidden, D], b₁, W₂ [K, hidden], b₂.
    const [b1, W2, b2] = [hidden * D, hidden * (D + 1), hidden * (D + 1 + K)];
    const { theta } = point;
    const at = (x: readonly number[]) => {
      const z = Array.from({ length: hidden }, (_, i) =>
        x.reduce((sum, value, j) => sum + theta[i * D + j] * value, theta[b1 + i]),
      );
      const f = Array.from({ length: K }, (_, k) =>
        z.reduce((sum, value, i) => sum + theta[W2 + k * hidden + i] * phi(value), theta[b2 + k]),
      );
      let [steep, flat] = [0, 0];
      for (let k = 0; k < K; k++) {
        const delta = z.map((value, i) => theta[W2 + k * hidden + i] * slope(value));
        flat += delta.reduce((sum, value) => sum + value * value, 0);
        for (let j = 0; j < D; j++)
          steep += delta.reduce((sum, value, i) => sum + theta[i * D + j] * value, 0) ** 2;
      }
      return { f, steep: Math.sqrt(steep), flat: Math.sqrt(flat) };
    };
    const row = (x: Float32Array, i: number): number[] => [...x.subarray(i * D, (i + 1) * D)];
    const target = (x: readonly number[]) => data.target!(Float64Array.from(x));
    const found: Record<string, number[]> = {};
    const note = (name: string, value: number) => (found[name] ??= []).push(value);
    const near = Array.from({ length: train.n }, () => 0);
    for (let i = 0; i < held!.n; i++) {
      const x = row(held!.x, i);
      const from = Array.from({ length: train.n }, (_, j) => row(train.x, j)).reduce((a, b) =>
        distance(b, x) < distance(a, x) ? b : a,
      );
      const way = (t: number) => from.map((value, j) => value + t * (x[j] - value));
      let [steep, flat, length] = [0, 0, 0];
      for (let k = 0; k < pieces; k++) {
        const middle = at(way((k + 0.5) / pieces));
        steep += middle.steep / pieces;
        flat += middle.flat / pieces;
        length += distance(target(way(k / pieces)), target(way((k + 1) / pieces)));
      }
      note("slope", distance(x, from) * steep);
      note("flatness", distance(x, from) * flat);
      note("rise", distance(x, from) * Math.max(0, flat - at(from).flat));
      note("targetLength", length);
      const index = Array.from({ length: train.n }, (_, j) => j).find(
        (j) => distance(row(train.x, j), from) === 0,
      )!;
      near[index] += distance(x, from) ** 2;
      note("change", distance(at(x).f, at(from).f));
      note("error", distance(at(x).f, target(x)));
      note("residual", distance(at(from).f, target(from)));
      note("targetChange", distance(target(x), target(from)));
    }
    const budget = unlimited(1e9);
    const smoothness = await inputSmoothness(point);
    const nearest = await nearestOf(point.inputs!, point);
    const measured = (await knownTarget(point, smoothness, { nearest, budget })) as KnownTarget;
    const norm = smoothness.weightNorm!;
    for (const [name, values] of Object.entries(found)) {
      const exact = rms(values) * (name === "flatness" || name === "rise" ? norm : 1);
      const value = measured[name as keyof KnownTarget]!;
      // What is integrated is none too small; kinks of a relu cost the rule some percent.
      const integral = name === "slope" || name === "flatness" || name === "rise";
      const off = `${name}: ${value}, exactly ${exact}`;
      expect(value / exact - 1, off).toBeGreaterThan(name === "targetLength" ? -0.01 : -2e-4);
      expect(value / exact - 1, off).toBeLessThan(integral ? (smooth ? 0.01 : 0.08) : 2e-4);
    }
    // ‖W₁‖₂ by the power method on W₁ᵀW₁.
    let v = Array.from({ length: D }, (_, j) => 1 + j);
    let most = 0;
    for (let turn = 0; turn < 2000; turn++) {
      const Wv = Array.from({ length: hidden }, (_, i) =>
        v.reduce((sum, value, j) => sum + theta[i * D + j] * value, 0),
      );
      most = Math.hypot(...Wv) / Math.hypot(...v);
      v = v.map((_, j) => Wv.reduce((sum, value, i) => sum + theta[i * D + j] * value, 0));
      const length = Math.hypot(...v);
      v = v.map((value) => value / length);
    }
    expect(Math.abs(most / norm - 1)).toBeLessThan(1e-4);
    const { error, residual, slope: sloped, targetLength, change, targetChange, flatness } = measured;
    expect(change).toBeLessThanOrEqual(sloped);
    expect(sloped).toBeLessThanOrEqual(flatness!);
    const length = near.reduce((sum, square) => sum + square ** 2, 0) ** 0.5;
    expect(measured.reach).toBeCloseTo(Math.sqrt((Math.sqrt(train.n) * length) / held!.n), 6);

    // What stability allows holds up to the mean-square limit; far beyond it the curvature found here is more than it leaves.
    const factors = await factorSpectrum(await point.factors!.gram(), { n: train.n, K }, "all", gemm);
    const { upper } = await varianceLimit(factors, { batchSize: 1, gemm });
    const way = (learningRate: number) =>
      chainOf({
        ...settled,
        learningRate,
        outputs: K,
        firstLayer: smoothness.firstLayer,
        knownTarget: measured,
      }).find(({ id }) => id === "stability-way")!;
    // Of the nine points of [−1, 1] one is zero.
    expect(smoothness.noBound === null).toBe(spec.source === "teacher");
    if (smoothness.noBound === null) {
      expect(way(upper)).toMatchObject({ holds: true, left: measured.flatness });
      expect(way(1e6 * upper)).toMatchObject({ holds: false, left: measured.flatness });
    }
    expect(targetChange).toBeLessThanOrEqual(targetLength * (1 + 1e-9));
    expect(error).toBeLessThanOrEqual(sloped + residual + targetLength);
  });
});

test("data whose target nobody knows has none of it, and a batch-normalized network says why", async () => {
  const { point } = await trained(
    { source: "chebyshev", degree: 2, examples: 8, testExamples: 4 },
    "tanh",
    1,
  );
  const smoothness = await inputSmoothness(point);
  const nearest = await nearestOf(point.inputs!, point);
  const measure = (own: typeof point) => knownTarget(own, smoothness, { nearest, budget: unlimited(1e9) });
  expect(await measure({ ...point, inputs: { ...point.inputs!, target: undefined } })).toBe(null);
  const tied = { ...point, response: { ...point.response!, atInputs: undefined } };
  expect(await measure(tied)).toMatch(/batch normalization/);
});
