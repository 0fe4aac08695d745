// Motion along the manifold: the split of a displacement, overlap, and the predicted change of sharpness against a step taken.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildNetwork } from "../../../src/curvature/buildNetwork";
import { Curvature } from "../../../src/curvature/curvature";
import { viewsOf } from "../../../src/curvature/flat";
import { EigenTracker } from "../../../src/curvature/tracker";
import { openEngine } from "../../../src/engines";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { losses } from "../../../src/losses";
import { buildModel, initialize } from "../../../src/models";
import { plainMeter } from "../../../src/curvature/meter";
import { unlimited } from "../../../src/measure/budget";
import { ProbeMemory } from "../../../src/measure/memory";
import { Readings } from "../../../src/measure/probe";
import {
  addMotion,
  manifold,
  sharpnessRate,
  splitDisplacement,
  subspaceOverlap,
  swingOf,
} from "../../../src/measure/probes/manifold";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { Problem } from "../../../src/trainers/basin/problem";
import { Trainer } from "../../../src/trainers/basin/trainer";
import { Rng } from "../../../src/util/rng";
import { norm } from "../../../src/util/linalg/vector";
import { uniform } from "../../support/numeric";

test("sharp and flat part are the projections, and Pythagoras holds", () => {
  const vectors = [Float32Array.of(1, 0, 0, 0), Float32Array.of(0, 0.6, 0.8, 0)];
  const { sharp, flat } = splitDisplacement(Float32Array.of(3, 1, 1, 2), vectors);
  expect(sharp).toBeCloseTo(Math.hypot(3, 1.4), 5);
  expect(flat ** 2 + sharp ** 2).toBeCloseTo(15, 4);
});

test.each([
  { of: "the network's own", parameters: 3, lengths: [3], readings: 3 },
  { of: "a shorter θ", parameters: 2, lengths: [3], readings: 0 },
  { of: "a longer θ", parameters: 4, lengths: [3], readings: 0 },
  { of: "a shorter eigenvector", parameters: 3, lengths: [2], readings: 0 },
  { of: "no eigenvectors", parameters: 3, lengths: [], readings: 0 },
])("from a checkpoint with $of no more is read than it tells", ({ parameters, lengths, readings }) => {
  const memory = new ProbeMemory(new Rng(1, "memory"));
  const vectors = lengths.map((length) => new Float32Array(length).fill(length ** -0.5));
  memory.set("theta", new Float32Array(parameters));
  vectors.forEach((v, i) => memory.set(`vector.${i}`, v));
  const read = new Readings({ meter: plainMeter() });
  const [theta, now] = [Float32Array.of(1, 2, 3), Float32Array.of(1, 0, 0)];
  addMotion({ theta, size: 3 }, memory, [now], read);
  expect(read.list).toHaveLength(readings);
  expect(read.list.every(({ value }) => Number.isFinite(value))).toBe(true);
  // The next reading has what it needs.
  expect([memory.get("theta"), memory.get("vector.0")]).toEqual([theta, now]);
});

test("the overlap is 1 for one space in two bases and 0 for orthogonal ones", () => {
  const V = [Float32Array.of(1, 0, 0), Float32Array.of(0, 1, 0)];
  const turned = [Float32Array.of(0.6, 0.8, 0), Float32Array.of(-0.8, 0.6, 0)];
  expect(subspaceOverlap(V, turned)).toBeCloseTo(1, 5);
  expect(subspaceOverlap([V[0]], [Float32Array.of(0, 0, 1)])).toBe(0);
});

test("the predicted rate is the change of sharpness along the gradient with its oscillating part taken out", async () => {
  const [n, D, K] = [12, 3, 2];
  const rng = new Rng(6, "rate");
  const model = buildModel({ kind: "mlp", hidden: [8, 6], activation: "tanh", bias: true }, [D], K);
  const parts = { model, loss: losses.mse, inputs: D, outputs: K };
  const curvature = new Curvature(onnxEngine("test", { threads: 1 }), buildNetwork(parts, n), {
    x: uniform(rng, [n, D]),
    y: uniform(rng, [n, K]),
  });
  const theta = new Float32Array(curvature.size);
  const shapes = model.parameters.map((p) => p.shape);
  initialize(model.parameters, rng, "he").forEach((v, i) => viewsOf(theta, shapes)[i].set(v));
  const read = async (at: Float32Array) => {
    const tracker = new EigenTracker({ size: at.length, top: 1, tolerance: 1e-6, rng: new Rng(1) });
    const { values, vectors } = await tracker.measure(curvature.at(at).hessian());
    return { lambda: values[0], v: vectors[0].slice() };
  };
  const { lambda, v } = await read(theta);
  const { gradient } = await curvature.at(theta).evaluate();
  const slope = await curvature.at(theta).curvatureGradient(v);
  const learningRate = 0.02;
  const directions = [{ v, lambda }];
  const square = norm(swingOf(directions, gradient)) ** 2;
  const slopes = { own: slope, swing: slope.map((value) => square * value) };
  const { rate, fall } = sharpnessRate(directions, gradient, slopes, learningRate);
  // A step along the gradient without its component along v, by a tenth of the rate: first order dominates.
  const along = v.reduce((s, value, i) => s + value * gradient[i], 0);
  const scale = 0.1;
  const step = (sign: number) =>
    theta.map((t, i) => t - sign * scale * learningRate * (gradient[i] - along * v[i]));
  const change = ((await read(step(1))).lambda - (await read(step(-1))).lambda) / (2 * scale);
  expect(Math.abs(rate)).toBeGreaterThan(1e-5);
  expect(Math.abs(change / rate - 1)).toBeLessThan(0.05);
  // Displaced by x along v, the gradient off v changes by ½x²∇S off v: that is what drives sharpness down.
  const x = 0.3;
  const at = async (shift: number) => {
    return (await curvature.at(theta.map((t, i) => t + shift * v[i])).evaluate()).gradient;
  };
  const [plus, minus, centre] = [await at(x), await at(-x), await at(0)];
  const own = v.reduce((s, value, i) => s + value * slope[i], 0);
  let [push, across] = [0, 0];
  for (let i = 0; i < theta.length; i++) {
    const off = slope[i] - own * v[i];
    push += ((plus[i] + minus[i]) / 2 - centre[i]) * off;
    across += off * off;
  }
  expect(Math.abs(push / (0.5 * x * x * across) - 1)).toBeLessThan(0.1);
  expect(fall).toBeCloseTo(0.5 * learningRate * (along / lambda) ** 2 * across, 8);
});

test.each([
  // λ₁ and λ₂ at 2/η = 40, or at (2 + 2β)/η = 50.
  { example: "edge-of-stability", from: 4400, readings: 6 },
  { example: "momentum-edge", from: 3000, readings: 3 },
])(
  "at the edge, several eigenvalues there, $example: rate less fall is how sharpness changes",
  async (how) => {
    const text = readFileSync(
      join(import.meta.dirname, `../../../examples/${how.example}.basin.json`),
      "utf8",
    );
    const { experiment } = checkExperiment(text, "a.basin.json").points[0];
    const problem = await Problem.load(experiment, "a.basin.json", await openEngine("auto"));
    const trainer = await Trainer.open(problem, null, plainMeter());
    const advance = async (steps: number): Promise<void> => {
      for (let i = 0; i < steps; i++) {
        await trainer.computeGradient();
        trainer.advance();
      }
    };
    const tracker = new EigenTracker({ size: problem.d, top: 3, tolerance: 1e-6, rng: new Rng(1) });
    /** λmax in the middle of this step and the next one. */
    const sharpnessBetween = async (): Promise<number> => {
      const before = trainer.point();
      await advance(1);
      const after = trainer.point();
      const middle = before.elsewhere!(before.theta.map((value, i) => (value + after.theta[i]) / 2));
      return (await tracker.measure(middle.hessian())).values[0];
    };
    const memory = new ProbeMemory(new Rng(0, "edge"));
    const ratios: number[] = [];
    await advance(how.from);
    for (let i = 0; i < how.readings; i++) {
      const { readings } = await manifold.measure({
        point: trainer.point(),
        probes: { ...experiment.probes, manifold: { every: 1, top: 3, drift: false } },
        effort: "running",
        memory,
        budget: unlimited(1e9),
        known: new Map(),
        initialLoss: NaN,
      });
      const value = (name: string) => readings.find(({ metric }) => metric === name)!.value as number;
      const before = await sharpnessBetween();
      await advance(14);
      const measured = ((await sharpnessBetween()) - before) / 15;
      const predicted = value("sharpness.rate") - value("sharpness.fall");
      // Where the swing grows or dies quickly the force on the sharpness is another a few steps later.
      expect(Math.abs(predicted - measured)).toBeLessThan(5e-3);
      ratios.push(predicted / measured);
      await advance(200);
    }
  },
);
