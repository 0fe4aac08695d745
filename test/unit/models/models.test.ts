// Every layer, by one line in samples.ts: gradient, Hessian, and per-example factors against independent references.
import { describe, expect, test } from "vitest";
import { buildNetwork } from "../../../src/curvature/buildNetwork";
import { Curvature } from "../../../src/curvature/curvature";
import { viewsOf } from "../../../src/curvature/flat";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { evaluate } from "../../../src/engines/tensorflow/engine";
import { vjp } from "../../../src/graph/differentiate";
import { losses } from "../../../src/losses";
import { buildModel, initialize, layers } from "../../../src/models";
import { UserError } from "../../../src/protocol/errors";
import type { LayerSpec } from "../../../src/protocol/experiment";
import { experimentSchema } from "../../../src/protocol/experimentSchema";
import { Rng } from "../../../src/util/rng";
import { expectClose, tf, uniform } from "../../support/numeric";
import { dataFor, modelSamples, type ModelSample } from "./samples";

const engine = onnxEngine("test", { threads: 1 });
const n = 3;
/** float32 through a dozen layers. */
const F32 = 3e-4;

/** Outputs where a model does not choose. */
const two = 2;

function setup(sample: ModelSample) {
  const { x, y, D, K, loss } = dataFor(sample, n, two);
  const model = buildModel(sample.spec, sample.inputShape, K);
  const parts = { model, loss: losses[loss], inputs: D, outputs: K };
  const network = buildNetwork(parts, n);
  const compiled = new Curvature(engine, network, { x, y });
  const theta = new Float32Array(compiled.size);
  const shapes = model.parameters.map((p) => p.shape);
  initialize(model.parameters, new Rng(2, "init")).forEach((v, i) => viewsOf(theta, shapes)[i].set(v));
  const curvature = compiled.at(theta);
  return { x, y, D, K, model, network, compiled, curvature, theta, shapes };
}

describe.each(modelSamples.map((sample) => ({ name: sample.name, sample })))("$name", ({ sample }) => {
  test("loss and gradient equal tfjs's own autodiff", async () => {
    const { x, y, D, K, network, curvature, theta, shapes } = setup(sample);
    const mine = await curvature.evaluate();
    const data = [tf.tensor(x, [n, D]), tf.tensor(y, [n, K])];
    const forward = (...t: tf.Tensor[]) =>
      tf.reshape<tf.Rank.R0>(
        evaluate(tf, [network.x, network.y, ...network.parameters], [network.loss], [...data, ...t])[0],
        [],
      );
    const tensors = viewsOf(theta, shapes).map((v, i) => tf.tensor(v, [...shapes[i]]));
    expect(Math.abs(mine.loss - forward(...tensors).dataSync()[0])).toBeLessThan(1e-5);
    const theirs = tf.grads(forward)(tensors);
    expectClose(
      mine.gradient,
      theirs.flatMap((g) => Array.from(g.dataSync())),
      F32,
      "gradient",
    );
  });

  test("the Hessian product equals central differences of the gradient, and is symmetric", async () => {
    const { compiled, curvature, theta } = setup(sample);
    const rng = new Rng(9, sample.name);
    const [v, u] = [uniform(rng, [theta.length]), uniform(rng, [theta.length])];
    const [hv, hu] = [new Float32Array(theta.length), new Float32Array(theta.length)];
    await curvature.hessian().apply(v, hv);
    await curvature.hessian().apply(u, hu);
    const dot = (a: Float32Array, b: Float32Array) => a.reduce((s, value, i) => s + value * b[i], 0);
    expect(Math.abs(dot(u, hv) - dot(v, hu))).toBeLessThan(1e-3 * (Math.abs(dot(u, hv)) + 1e-2));
    const eps = 2e-3;
    const at = async (sign: number) => {
      return (await compiled.at(theta.map((t, i) => t + sign * eps * v[i])).evaluate()).gradient;
    };
    const [plus, minus] = [await at(1), await at(-1)];
    // Central differences in float32: rounding over the step, plus the step squared.
    expectClose(
      hv,
      plus.map((p, i) => (p - minus[i]) / (2 * eps)),
      3e-2,
      "Hv",
    );
  });

  test("Gauss–Newton, Gram and noise operators equal those of explicit factors, example by example", async () => {
    const { x, y, K, network, curvature, theta, shapes } = setup(sample);
    const d = theta.length;
    const { graph, output, factor, parameters } = network;
    const u = graph.input("test.u", [n, K]);
    const f = await engine.compile(
      [network.x, network.y, ...parameters, u],
      vjp([output], [factor(u)], parameters),
    );
    const G: Float64Array[] = [];
    for (let row = 0; row < n * K; row++) {
      const seed = new Float32Array(n * K);
      seed[row] = 1;
      const parts = await f.run([x, y, ...viewsOf(theta, shapes), seed]);
      G.push(Float64Array.from(parts.flatMap((p) => Array.from(p))));
    }
    const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
      let s = 0;
      for (let i = 0; i < a.length; i++) s += a[i] * b[i];
      return s;
    };
    expectClose(
      await curvature.gram(),
      G.flatMap((a) => G.map((b) => dot(a, b))),
      F32,
      "Gram",
    );
    const v = uniform(new Rng(4, "v"), [d]);
    const mean = (w: ArrayLike<number>): Float64Array => {
      const out = new Float64Array(d);
      for (const g of G) {
        const c = dot(g, w) / n;
        for (let i = 0; i < d; i++) out[i] += c * g[i];
      }
      return out;
    };
    const out = new Float32Array(d);
    await curvature.gaussNewton().apply(v, out);
    expectClose(out, mean(v), F32, "Gauss–Newton");
    // Σ v = (1/n) Σ Hᵢ(Hᵢv) − H(Hv) with Hᵢ = Σ_k gᵢₖgᵢₖᵀ.
    const sigma = mean(mean(v)).map((value) => -value);
    const own = (i: number, w: ArrayLike<number>): Float64Array => {
      const result = new Float64Array(d);
      for (let k = 0; k < K; k++) {
        const g = G[i * K + k];
        const c = dot(g, w);
        for (let j = 0; j < d; j++) result[j] += c * g[j];
      }
      return result;
    };
    for (let i = 0; i < n; i++) own(i, own(i, v)).forEach((value, j) => (sigma[j] += value / n));
    await curvature.noiseMatrix().apply(v, out);
    // Σ is the difference of two nearly equal terms: its relative rounding is that much larger.
    expectClose(out, sigma, 1e-2, "Σ");
  });

  test("parameter names are unique, and taps hold every parameter once", () => {
    const { model, network } = setup(sample);
    const names = model.parameters.map((p) => p.name);
    expect(new Set(names).size).toBe(names.length);
    const held = network.taps.reduce((total, tap) => {
      const delta = network.graph.input(`delta${total}`, tap.output.shape);
      return total + tap.perExample(delta).shape[1];
    }, 0);
    expect(held).toBe(setup(sample).theta.length);
  });
});

test("every layer of the schema is in the registry, and the other way round", () => {
  const { layer, layerWithOptions } = experimentSchema.definitions;
  const named = layer.anyOf?.[0].enum ?? [];
  const known = new Set([...named, ...Object.keys(layerWithOptions.properties ?? {})]);
  expect([...known].sort()).toEqual(Object.keys(layers).sort());
});

test("names are those of nn.Sequential: every layer takes an index", () => {
  const names = (list: readonly LayerSpec[], shape: readonly number[]) =>
    buildModel({ kind: "sequential", layers: list }, shape, two).parameters.map((p) => p.name);
  expect(
    names([{ conv2d: { filters: 2, kernel: 3 } }, "tanh", { avgPool2d: 2 }, "flatten", "dense"], [1, 8, 8]),
  ).toEqual(["0.weight", "0.bias", "4.weight", "4.bias"]);
  expect(names([{ residual: [{ dense: 4 }] }, "batchNorm", "dense"], [4])).toEqual([
    "0.block.0.weight",
    "0.block.0.bias",
    "1.weight",
    "1.bias",
    "2.weight",
    "2.bias",
  ]);
});

test("the sample of twoMinima has examples on both branches", () => {
  const sample = modelSamples.find(({ name }) => name === "twoMinima")!;
  const second = [...dataFor(sample, n, 1).x].map((c) => 0.57 ** 2 > c * 0.43 ** 2);
  expect(new Set(second).size).toBe(2);
});

test("twoMinima is refused for data that are no curvatures", () => {
  expect(() => buildModel({ kind: "twoMinima", start: 1 }, [2], 1)).toThrow(
    /wants one input per example.*\[2\]/,
  );
});

test.each([
  [["flatten", { conv2d: { filters: 1, kernel: 3 } }], /conv2d wants images .* \[16\]/, "model.layers.1"],
  [[{ conv2d: { filters: 1, kernel: 9 } }], /kernel of 9 .* 4 × 4/, "model.layers.0"],
  [["flatten", { dense: 3 }], /gives \[3\] per example; the data wants 2 outputs/, "model.layers.1"],
  [[{ conv2d: { filters: 3, kernel: 1, groups: 2 } }], /2 groups do not divide 1/, "model.layers.0"],
  [
    [{ residual: [{ conv2d: { filters: 2, kernel: 1 } }] }],
    /residual: the block gives \[2, 4, 4\]/,
    "model.layers.0",
  ],
  [[{ maxPool2d: 5 }], /window of 5 does not fit/, "model.layers.0"],
  [["flatten", { selfAttention: { heads: 2 } }], /selfAttention wants sequences/, "model.layers.1"],
] as const)("layers that do not fit are the user's mistake: %j", (list, message, key) => {
  const build = () => buildModel({ kind: "sequential", layers: list }, [1, 4, 4], two);
  expect(build).toThrow(UserError);
  expect(build).toThrow(message);
  try {
    build();
  } catch (error) {
    expect((error as UserError).problems[0].place.key).toBe(key);
  }
});
