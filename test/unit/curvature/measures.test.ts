// Gradient norms, spectral density, layer blocks and the gradient of sharpness against explicit references.
import { describe, expect, test } from "vitest";
import { buildNetwork } from "../../../src/curvature/buildNetwork";
import { Curvature } from "../../../src/curvature/curvature";
import { viewsOf } from "../../../src/curvature/flat";
import { jacobianNorms, squaredGradientNorms, weightedGradient } from "../../../src/curvature/gradients";
import type { LinearOperator } from "../../../src/curvature/operator";
import { layersOf, restricted } from "../../../src/curvature/restricted";
import { spectralDensity } from "../../../src/curvature/spectrum";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { losses } from "../../../src/losses";
import { buildModel, initialize } from "../../../src/models";
import { Rng } from "../../../src/util/rng";
import { expectClose, uniform } from "../../support/numeric";
import { dataFor, modelSamples, type ModelSample } from "../models/samples";

const engine = onnxEngine("test", { threads: 1 });
const [n, two] = [4, 2];
const F32 = 5e-4;

function setup(sample: ModelSample, examples = n) {
  const { x, y, D, K, loss } = dataFor(sample, n, two);
  const model = buildModel(sample.spec, sample.inputShape, K);
  const parts = { model, loss: losses[loss], inputs: D, outputs: K };
  const of = (from: number, to: number) =>
    new Curvature(engine, buildNetwork(parts, to - from), {
      x: x.slice(from * D, to * D),
      y: y.slice(from * K, to * K),
    });
  const shapes = model.parameters.map((p) => p.shape);
  const compiled = of(0, examples);
  const theta = new Float32Array(compiled.size);
  initialize(model.parameters, new Rng(2, "init")).forEach((v, i) => viewsOf(theta, shapes)[i].set(v));
  return { compiled, curvature: compiled.at(theta), theta, of, model, x, D, K };
}

describe.each(modelSamples.map((sample) => ({ name: sample.name, sample })))("$name", ({ sample }) => {
  test("per-example gradient norms and weighted sums equal those of networks of one example each", async () => {
    const { curvature, theta, of } = setup(sample);
    const alone: Float32Array[] = [];
    for (let i = 0; i < n; i++) {
      const one = of(i, i + 1).at(theta);
      alone.push((await one.evaluate()).gradient);
    }
    expectClose(
      await squaredGradientNorms(curvature),
      alone.map((g) => g.reduce((s, value) => s + value * value, 0)),
      F32,
      "norms",
    );
    const weights = uniform(new Rng(1, "w"), [n]);
    expectClose(
      await weightedGradient(curvature, weights),
      alone[0].map((_, p) => alone.reduce((s, g, i) => s + weights[i] * g[p], 0)),
      F32,
      "weighted sum",
    );
  });

  test("the gradient of vᵀHv equals central differences of it", async () => {
    const { compiled, curvature, theta } = setup(sample);
    const rng = new Rng(3, sample.name);
    const [v, u] = [uniform(rng, [theta.length]), uniform(rng, [theta.length])];
    const gradient = await curvature.curvatureGradient(v);
    const hv = new Float32Array(theta.length);
    const eps = 1e-3;
    const quadratic = async (sign: number) => {
      await compiled
        .at(theta.map((t, i) => t + sign * eps * u[i]))
        .hessian()
        .apply(v, hv);
      return v.reduce((s, value, i) => s + value * hv[i], 0);
    };
    const slope = ((await quadratic(1)) - (await quadratic(-1))) / (2 * eps);
    const mine = gradient.reduce((s, value, i) => s + value * u[i], 0);
    // Kinks of max-pool crossed by the difference, and float32 over the step.
    const size = Math.sqrt(gradient.reduce((s, value) => s + value * value, 0));
    if (size < 1e-3) expect(Math.abs(slope)).toBeLessThan(0.05);
    else expect(Math.abs(mine - slope)).toBeLessThan(0.08 * Math.abs(slope) + 0.02 * size);
  });

  test("input Jacobian norms equal central differences of the outputs", async () => {
    if (sample.tokens) {
      // Tokens are whole numbers: outputs do not vary smoothly with them, and the derivative is zero.
      const { input } = await jacobianNorms(setup(sample).curvature);
      expect(Math.max(...input)).toBe(0);
      return;
    }
    const { curvature, theta, x, D, K } = setup(sample);
    const { input, examples } = await jacobianNorms(curvature);
    expectClose(
      examples,
      Array.from({ length: n }, (_, i) =>
        x.subarray(i * D, (i + 1) * D).reduce((s, value) => s + value * value, 0),
      ),
      F32,
      "‖x‖²",
    );
    const model = buildModel(sample.spec, sample.inputShape, K);
    const network = buildNetwork({ model, loss: losses.mse, inputs: D, outputs: K }, n);
    const f = await engine.compile([network.x, ...network.parameters], [network.output]);
    const shapes = model.parameters.map((p) => p.shape);
    const eps = 1e-3;
    const squares = new Float64Array(n);
    for (let p = 0; p < D; p++) {
      const at = async (sign: number) => {
        const moved = x.slice();
        for (let i = 0; i < n; i++) moved[i * D + p] += sign * eps;
        return (await f.run([moved, ...viewsOf(theta, shapes)]))[0].slice();
      };
      const [plus, minus] = [await at(1), await at(-1)];
      plus.forEach((value, i) => (squares[Math.floor(i / K)] += ((value - minus[i]) / (2 * eps)) ** 2));
    }
    expectClose(input, squares, 2e-2, "‖∂f/∂x‖²");
  });
});

/** A diagonal operator: its spectrum is known. */
const diagonal = (values: Float64Array): LinearOperator => ({
  size: values.length,
  apply: (v, out) => {
    for (let i = 0; i < v.length; i++) out[i] = values[i] * v[i];
    return Promise.resolve();
  },
});

test("the density's weights sum to one and its moments are those of the spectrum", async () => {
  const rng = new Rng(8, "density");
  const P = 400;
  const values = Float64Array.from({ length: P }, (_, i) => (i < 5 ? 20 + i : rng.uniform()));
  const starts = 8;
  const {
    weights,
    moments,
    values: nodes,
  } = await spectralDensity(diagonal(values), { rng, steps: 25, starts });
  expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  expect(nodes[0]).toBeCloseTo(24, 2);
  // Random signs give zᵀDz = tr D exactly for a diagonal D.
  const mean = values.reduce((a, b) => a + b) / P;
  const second = values.reduce((a, b) => a + b * b, 0) / P;
  for (const moment of moments) {
    expect(Math.abs(moment.first / mean - 1)).toBeLessThan(1e-4);
    expect(Math.abs(moment.second / second - 1)).toBeLessThan(1e-4);
  }
  const above = nodes.reduce((sum, value, i) => sum + (value > 10 ? weights[i] : 0), 0);
  expect(above).toBeCloseTo(5 / P, 3);
});

test("a layer's block is the diagonal block of the Hessian, and layers cover the parameters", async () => {
  const { curvature, model } = setup(modelSamples[0]);
  const layers = layersOf(model.parameters);
  expect(layers.map(({ name }) => name)).toEqual(["0", "2", "4"]);
  expect(layers.reduce((sum, { size }) => sum + size, 0)).toBe(curvature.size);
  const H = curvature.hessian();
  for (const { start, size } of layers) {
    const block = restricted(H, start, size);
    const [unit, out] = [new Float32Array(size), new Float32Array(size)];
    const [wide, full] = [new Float32Array(curvature.size), new Float32Array(curvature.size)];
    unit[1] = wide[start + 1] = 1;
    await block.apply(unit, out);
    await H.apply(wide, full);
    expect([...out]).toEqual([...full.subarray(start, start + size)]);
  }
});
