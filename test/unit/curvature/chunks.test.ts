// Chunks change how much memory is used and nothing else: every operator equals that of all examples at once, up to rounding.
import { describe, expect, test } from "vitest";
import { buildNetwork } from "../../../src/curvature/buildNetwork";
import type { Chunking } from "../../../src/curvature/chunks";
import { Curvature } from "../../../src/curvature/curvature";
import type { CurvaturePoint } from "../../../src/curvature/curvaturePoint";
import { viewsOf } from "../../../src/curvature/flat";
import { jacobianNorms, squaredGradientNorms, weightedGradient } from "../../../src/curvature/gradients";
import { planChunks, planSignals } from "../../../src/curvature/memory";
import type { NetworkParts } from "../../../src/curvature/network";
import type { Engine } from "../../../src/engines/engine";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { losses } from "../../../src/losses";
import { buildModel, initialize } from "../../../src/models";
import { Rng } from "../../../src/util/rng";
import { expectClose, uniform } from "../../support/numeric";
import { dataFor, modelSamples, type ModelSample } from "../models/samples";

const engine = onnxEngine("test", { threads: 1 });
const [n, two] = [5, 2];
const ROUNDING = 2e-5;

function partsOf(sample: ModelSample): NetworkParts & { model: ReturnType<typeof buildModel> } {
  const { D, K, loss } = dataFor(sample, n, two);
  const model = buildModel(sample.spec, sample.inputShape, K);
  return { model, loss: losses[loss], inputs: D, outputs: K };
}

function curvatureOf(
  sample: ModelSample,
  chunking: Chunking | null,
  signals: Chunking | null = null,
  stored = 0,
): CurvaturePoint {
  const { x, y } = dataFor(sample, n, two);
  const parts = partsOf(sample);
  const build = (size: number) => buildNetwork(parts, size);
  const chunks = { chunks: { chunking, signals, fullBatch: build, perExample: build } };
  const split = chunking || signals ? chunks : {};
  const curvature = new Curvature(engine, build(n), { x, y }, { ...split, stored });
  const theta = new Float32Array(curvature.size);
  const views = viewsOf(theta, curvature.shapes);
  initialize(parts.model.parameters, new Rng(2, "init")).forEach((v, i) => views[i].set(v));
  return curvature.at(theta);
}

async function everything(curvature: CurvaturePoint): Promise<Record<string, ArrayLike<number>>> {
  const v = uniform(new Rng(7, "v"), [curvature.size]);
  const product = async (op: { apply(v: Float32Array, out: Float32Array): Promise<void> }) => {
    const out = new Float32Array(v.length);
    await op.apply(v, out);
    return out;
  };
  const { K } = curvature.network;
  const { loss, outputs, perExample, gradient } = await curvature.evaluate();
  const pushed = new Float32Array(curvature.size);
  await curvature.pushFactors(uniform(new Rng(8, "c"), [n * K]), pushed);
  const { input, examples } = await jacobianNorms(curvature);
  return {
    loss: [loss],
    outputs,
    perExample,
    gradient,
    hessian: await product(curvature.hessian()),
    gaussNewton: await product(curvature.gaussNewton()),
    coordinates: await curvature.factorCoordinates(v),
    pushed,
    kernel: await curvature.kernelBlocks(),
    gram: await curvature.gram(),
    norms: await squaredGradientNorms(curvature),
    weighted: await weightedGradient(curvature, uniform(new Rng(9, "w"), [n])),
    jacobian: input,
    examples,
    slope: await curvature.curvatureGradient(v),
  };
}

describe.each(modelSamples.map((sample) => ({ name: sample.name, sample })))("$name", ({ sample }) => {
  test.each([
    { size: 2, keep: 3, windows: false },
    { size: 2, keep: 1, windows: false },
    { size: 2, keep: 0, windows: false },
    { size: 5, keep: 0, windows: false },
    { size: 2, keep: 3, windows: true },
  ])("chunks of $size, staged values of $keep functions kept, windows staged: $windows", async (chunking) => {
    const whole = await everything(curvatureOf(sample, null));
    const split = await everything(curvatureOf(sample, chunking));
    for (const [name, values] of Object.entries(whole)) expectClose(split[name], values, ROUNDING, name);
  });
});

test("chunks for per-example gradients alone change neither kernel blocks nor Gram matrix", async () => {
  for (const sample of [modelSamples[0], modelSamples.find(({ name }) => name === "resnet")!]) {
    const whole = await everything(curvatureOf(sample, null));
    const split = await everything(curvatureOf(sample, null, { size: 2, keep: 3, windows: false }));
    for (const name of ["kernel", "gram"]) expectClose(split[name], whole[name], ROUNDING, name);
  }
});

test.each(modelSamples.map((sample) => ({ name: sample.name, sample })))(
  "$name: factors that are kept give the kernel blocks, the Gram matrix and the products that those through the network give",
  async ({ sample }) => {
    const through = curvatureOf(sample, null);
    const own = await through.gram();
    const { size } = through.sufficientOperator(0);
    const c = uniform(new Rng(11, "c"), [size]);
    const product = async (at: CurvaturePoint, p: number): Promise<Float32Array> => {
      const out = new Float32Array(size);
      await at.sufficientOperator(p).apply(c, out);
      return out;
    };
    const dense = Float64Array.from({ length: size }, (_, i) =>
      c.reduce((sum, x, j) => sum + (own[i * size + j] * x) / n, 0),
    );
    for (const signals of [null, { size: 2, keep: 3, windows: false }]) {
      const kept = curvatureOf(sample, null, signals, Infinity);
      expectClose(await product(kept, 0), dense, ROUNDING, "(1/n) GᵀG c");
      expectClose(await product(kept, 0.3), await product(through, 0.3), ROUNDING, "p = 0.3");
      expectClose(await kept.kernelBlocks(), await through.kernelBlocks(), ROUNDING, "kernel");
      expectClose(await kept.gram(), own, ROUNDING, "gram");
    }
  },
);

/** A curvature of chunks of two that counts the runs of its engine and says when it is asked to go on. */
function counted(keep: number, check: () => void = () => undefined) {
  const calls = { runs: 0 };
  const counting: Engine = {
    ...engine,
    compile: async (inputs, outputs) => {
      const compiled = await engine.compile(inputs, outputs);
      return { ...compiled, run: (...given) => (calls.runs++, compiled.run(...given)) };
    },
  };
  const sample = modelSamples[0];
  const build = (size: number) => buildNetwork(partsOf(sample), size);
  const chunks = {
    chunking: { size: 2, keep, windows: false },
    signals: null,
    fullBatch: build,
    perExample: build,
  };
  const all = dataFor(sample, n, two);
  const own = new Curvature(counting, build(n), all, { meter: { products: 0, check }, chunks });
  return { at: own.at(uniform(new Rng(2, "theta"), [own.size])), calls };
}

test("Gauss–Newton, noise and Gram products stage the same values, once a chunk, though those of one function alone are kept", async () => {
  const { at, calls } = counted(1);
  const [v, out] = [uniform(new Rng(7, "v"), [at.size]), new Float32Array(at.size)];
  const c = uniform(new Rng(8, "c"), [n * at.network.K]);
  await at.kernelBlocks();
  const three = Math.ceil(n / 2);
  let before = calls.runs;
  await at.gaussNewton().apply(v, out);
  // What is staged, and the two halves of a product.
  expect(calls.runs - before).toBe(3 * three);
  before = calls.runs;
  await at.sufficientOperator(0).apply(c, new Float32Array(c.length));
  expect(calls.runs - before).toBe(2 * three);
  await at.noiseMatrix().apply(v, out);
  expect(calls.runs - before).toBe((2 + 4) * three);
});

test("a product asks before every chunk whether to go on", async () => {
  for (const product of [
    (at: CurvaturePoint) => at.hessian(),
    (at: CurvaturePoint) => at.gaussNewton(),
    (at: CurvaturePoint) => at.noiseMatrix(),
  ]) {
    let left = Infinity;
    const { at, calls } = counted(3, () => {
      if (left-- === 0) throw new Error("enough");
    });
    const [v, out] = [uniform(new Rng(7, "v"), [at.size]), new Float32Array(at.size)];
    await product(at).apply(v, out);
    const { runs } = calls;
    left = 1;
    await expect(product(at).apply(v, out)).rejects.toThrow("enough");
    expect(calls.runs - runs).toBeLessThanOrEqual(1);
  }
});

test("the plan for per-example gradients keeps K columns of a chunk within a quarter of the budget", () => {
  const parts = partsOf(modelSamples[0]);
  expect(planSignals(parts, 1000, 1e12)).toBe(null);
  const [half, full] = [1e6, 2e6].map((budget) => planSignals(parts, 1_000_000, budget)!.size);
  expect(full / half).toBeCloseTo(2, 1);
});

test("the plan splits examples as the budget asks, and recomputes what does not fit", () => {
  const parts = partsOf(modelSamples[0]);
  expect(planChunks(parts, 1000, 1e12)).toBe(null);
  const tight = planChunks(parts, 1000, 1e5)!;
  expect(tight.size).toBeGreaterThan(1);
  expect(tight.size).toBeLessThan(1000);
  expect(tight.keep).toBe(0);
  // Twice the budget, twice the chunk.
  const double = planChunks(parts, 1000, 2e5)!;
  expect(double.size / tight.size).toBeCloseTo(2, 1);
  expect(planChunks(parts, 1000, 1)).toEqual({ size: 1, keep: 0, windows: false });
});

test("the plan keeps the staged values of as many functions as fit", () => {
  const parts = partsOf(modelSamples[0]);
  const kept = [1e4, 1e5, 1e6, 1e7, 1e8].map((budget) => planChunks(parts, 1000, budget)?.keep ?? 3);
  expect(kept).toEqual([...kept].sort());
  expect(kept[0]).toBe(0);
  expect(kept[4]).toBe(3);
});

test("the plan stages windows of images where they fit for all functions, and only then", () => {
  const parts = partsOf(modelSamples.find(({ name }) => name === "resnet")!);
  const plans = [1e4, 1e6, 1e8, 1e10].map((budget) => planChunks(parts, 1000, budget)!);
  expect(plans.map(({ windows }) => windows)).toEqual([false, false, false, true]);
  expect(plans.every(({ windows, keep }) => !windows || keep === 3)).toBe(true);
  // A dense network has none.
  expect(planChunks(partsOf(modelSamples[0]), 1_000_000, 1e12)!.windows).toBe(false);
});

test("the plan splits many examples however large the budget is, so that values stay in the processor's cache", () => {
  const parts = partsOf(modelSamples.find(({ name }) => name === "resnet")!);
  const [some, many] = [1e5, 1e6].map((count) => planChunks(parts, count, 1e15)!);
  expect(some).toEqual(many);
  expect(some.keep).toBe(3);
  expect(some.size).toBeGreaterThanOrEqual(64);
});
