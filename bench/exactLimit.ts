// The exact mean-square limit at nK = 1000, and the point that it is measured at.
import { buildNetwork } from "../src/curvature/buildNetwork";
import { Curvature } from "../src/curvature/curvature";
import { viewsOf } from "../src/curvature/flat";
import { onnxEngine } from "../src/engines/onnx/engine";
import { native } from "../src/engines/onnx/native";
import { gemm64 } from "../src/engines/onnx/gemm64";
import { losses } from "../src/losses";
import { buildModel, initialize } from "../src/models";
import type { Point } from "../src/measure/point";
import { factorSpectrum } from "../src/stability/secondMoment";
import { varianceLimit } from "../src/stability/varianceLimit";
import { Rng } from "../src/util/rng";

export const [widths, K, batchSize] = [[784, 100, 10], 10, 8];
const gemm = gemm64(native);

/** A tanh net at its initialization on inputs whose features decay as pixels' principal components do. */
export function pointOf(n: number) {
  const rng = new Rng(0, "bench");
  const model = buildModel(
    { kind: "mlp", hidden: [widths[1]], activation: "tanh", bias: true },
    [widths[0]],
    K,
  );
  const engine = onnxEngine(native.version, { threads: 2 });
  const network = buildNetwork({ model, loss: losses.mse, inputs: widths[0], outputs: K }, n);
  const x = Float32Array.from({ length: n * widths[0] }, (_, i) => rng.normal() / (1 + (i % widths[0]) / 10));
  const y = Float32Array.from({ length: n * K }, () => rng.normal());
  const compiled = new Curvature(engine, network, { x, y });
  const theta = new Float32Array(compiled.size);
  const views = viewsOf(
    theta,
    model.parameters.map(({ shape }) => shape),
  );
  initialize(model.parameters, rng).forEach((values, i) => views[i].set(values));
  const factors = compiled.at(theta);
  const descent = { learningRate: 0.1, preconditioner: null, settled: true };
  // What `noiseFactors` reads of a point.
  const point = { factors, size: theta.length, examples: n, outputs: K, batchSize, gemm, descent, seed: 0 };
  return { factors, point: point as unknown as Point };
}

/** Seconds that it took, and those of the processor on all threads, which other work beside it does not lengthen. */
export async function lap<T>(work: () => Promise<T>): Promise<[T, number, number]> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return [result, (performance.now() - start) / 1000, (user + system) / 1e6];
}

/** Gram matrix, its decomposition and the limit, with the row of a table that says how long each took. */
export async function exactLimit() {
  const small = pointOf(100);
  const [gram, gramTime] = await lap(() => small.factors.gram());
  const [factors, eigenTime] = await lap(() => factorSpectrum(gram, { n: 100, K }, "all", gemm));
  const [exact, limitTime] = await lap(() => varianceLimit(factors, { batchSize, gemm }));
  const parts = `Gram ${gramTime.toFixed(2)}, eigenvectors ${eigenTime.toFixed(2)}, limit ${limitTime.toFixed(2)}`;
  const total = gramTime + eigenTime + limitTime;
  const row = `| exact, nK = 1000 (${parts}) | ${total.toFixed(2)} | ${exact.upper.toPrecision(5)}, r = ${exact.rank} | ≤ 2 |`;
  return { factors, exact, row };
}
