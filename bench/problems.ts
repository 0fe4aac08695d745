// The networks the benchmarks share: data, compiled gradient and curvature at a starting point.
import { buildNetwork } from "../src/curvature/buildNetwork";
import { Curvature } from "../src/curvature/curvature";
import type { CurvaturePoint } from "../src/curvature/curvaturePoint";
import { planChunks, planSignals, storedRoom } from "../src/curvature/memory";
import { viewsOf } from "../src/curvature/flat";
import type { NetworkParts } from "../src/curvature/network";
import { openGemm } from "../src/engines";
import { onnxEngine } from "../src/engines/onnx/engine";
import { native } from "../src/engines/onnx/native";
import { withKernels } from "../src/engines/kernels/engine";
import { grad } from "../src/graph/differentiate";
import { losses } from "../src/losses";
import { buildModel, initialize } from "../src/models";
import type { BuiltinSpec } from "../src/protocol/experiment";
import { memoryBytes } from "../src/protocol/memory";
import { WideFirstLayer } from "../src/trainers/basin/rowSpace";
import { Rng } from "../src/util/rng";

/** Of both sides. On a busy machine one, and processor time, say more. */
export const threads = Number(process.env.BASIN_BENCH_THREADS ?? 2);

/** What a run may fill by default. */
const memory = memoryBytes();

export const wide: BuiltinSpec = { kind: "mlp", hidden: [200, 200], activation: "tanh", bias: true };
export const small: BuiltinSpec = { kind: "mlp", hidden: [30, 20], activation: "tanh", bias: true };
/** LeCun et al. 1998, with tanh and average pooling. */
export const lenet: BuiltinSpec = {
  kind: "sequential",
  layers: [
    { conv2d: { filters: 6, kernel: 5, padding: 2 } },
    "tanh",
    { avgPool2d: 2 },
    { conv2d: { filters: 16, kernel: 5 } },
    "tanh",
    { avgPool2d: 2 },
    "flatten",
    { dense: 120 },
    "tanh",
    { dense: 84 },
    "tanh",
    { dense: 10 },
  ],
};

export async function problemOf(spec: BuiltinSpec, inputShape: readonly number[], n: number, K: number) {
  const rng = new Rng(0, "bench");
  const D = inputShape.reduce((a, b) => a * b, 1);
  const normal = (size: number): Float32Array => Float32Array.from({ length: size }, () => rng.normal());
  const model = buildModel(spec, inputShape, K);
  const shapes = model.parameters.map((p) => p.shape);
  // What `"engine": "auto"` opens.
  const engine = withKernels(onnxEngine(native.version, { threads }));
  const parts = { model, loss: losses.mse, inputs: D, outputs: K };
  const [x, y] = [normal(n * D), normal(n * K)];
  const network = buildNetwork(parts, n);
  const curvatureOf = (own: NetworkParts, inputs: Float32Array, whole = buildNetwork(own, n)): Curvature => {
    const build = (count: number) => buildNetwork(own, count);
    // As a run plans it.
    const plan = { chunking: planChunks(own, n, memory), signals: planSignals(own, n, memory) };
    return new Curvature(
      engine,
      whole,
      { x: inputs, y },
      {
        stored: storedRoom(memory),
        ...((plan.chunking ?? plan.signals) && { chunks: { ...plan, fullBatch: build, perExample: build } }),
      },
    );
  };
  const curvatures = curvatureOf(parts, x, network);
  const theta = new Float32Array(curvatures.size);
  initialize(model.parameters, rng).forEach((v, i) => viewsOf(theta, shapes)[i].set(v));
  const curvature = curvatures.at(theta);
  const compiled = await engine.compile(
    [network.x, network.y, ...network.parameters],
    [network.loss, ...grad(network.loss, network.parameters)],
  );
  const gradient = new Float32Array(curvature.size);
  const feeds = [x, y, ...viewsOf(theta, shapes)];
  const into = [new Float32Array(1), ...viewsOf(gradient, shapes)];
  return {
    engine,
    /** At the starting point, and at any other. */
    curvature,
    at: (theta: Float32Array) => curvatures.at(theta),
    theta,
    x,
    y,
    normal,
    gradient,
    /** As a run reads eigenvalues: of what the examples see of θ, where that is markedly less. */
    forEigenvalues: async (): Promise<{
      readonly size: number;
      readonly at: (theta: Float32Array) => Promise<CurvaturePoint>;
    }> => {
      const narrowed = (inputs: number) => ({ ...parts, inputs, model: buildModel(spec, [inputs], K) });
      const gemm = await openGemm(engine, threads);
      const first = WideFirstLayer.of({ engine, parts, examples: { n, x }, narrowed });
      const within = await first?.byExamples(gemm);
      if (!within) return { size: curvatures.size, at: (at) => Promise.resolve(curvatures.at(at)) };
      const seen = curvatureOf(within.parts, within.x);
      return { size: seen.size, at: async (at) => seen.at(await within.restrict(at)) };
    },
    /** Loss and gradient at θ as it is. */
    step: () => compiled.run(feeds, into),
  };
}
