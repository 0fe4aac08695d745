// The exact mean-square limit at nK = 1000, and the bracket at nK = 10 000, B = 8 until doubling the rank changes it by less than 2 %.
import { buildNetwork } from "../src/curvature/buildNetwork";
import { Curvature } from "../src/curvature/curvature";
import { viewsOf } from "../src/curvature/flat";
import { onnxEngine } from "../src/engines/onnx/engine";
import { native } from "../src/engines/onnx/native";
import { gemm64 } from "../src/engines/onnx/gemm64";
import { losses } from "../src/losses";
import { buildModel, initialize } from "../src/models";
import { unlimited } from "../src/measure/budget";
import { noiseFactors } from "../src/measure/noiseFactors";
import type { Point } from "../src/measure/point";
import { growth, smallestStableBatch } from "../src/stability/growth";
import { NoiseGain } from "../src/stability/noiseGain";
import { factorSpectrum } from "../src/stability/secondMoment";
import { stabilityMap } from "../src/stability/stabilityMap";
import { typical } from "../src/stability/typical";
import { varianceLimit } from "../src/stability/varianceLimit";
import { Rng } from "../src/util/rng";
import { machine } from "./harness";

const [widths, K, batchSize] = [[784, 100, 10], 10, 8];
const gemm = gemm64(native);

/** A tanh net at its initialization on inputs whose features decay as pixels' principal components do. */
function pointOf(n: number) {
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

async function lap<T>(work: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now();
  const result = await work();
  return [result, (performance.now() - start) / 1000];
}

async function main(): Promise<void> {
  console.log(`\nmean-square limit, tanh ${widths.join("-")}, B = ${batchSize}\n${machine()}`);
  console.log("| work | seconds | result | aim |\n|---|---|---|---|");
  const small = pointOf(100);
  const [gram, gramTime] = await lap(() => small.factors.gram());
  const [factors, eigenTime] = await lap(() => factorSpectrum(gram, { n: 100, K }, "all", gemm));
  const [exact, limitTime] = await lap(() => varianceLimit(factors, { batchSize, gemm }));
  const parts = `Gram ${gramTime.toFixed(2)}, eigenvectors ${eigenTime.toFixed(2)}, limit ${limitTime.toFixed(2)}`;
  const total = gramTime + eigenTime + limitTime;
  console.log(
    `| exact, nK = 1000 (${parts}) | ${total.toFixed(2)} | ${exact.upper.toPrecision(5)}, r = ${exact.rank} | ≤ 3 |`,
  );
  for (const dynamics of [{}, { momentum: 0.9 }]) {
    const settings = { ...dynamics, gemm, noise: new NoiseGain(factors, gemm) };
    const [{ upper }, limit] = await lap(() => varianceLimit(factors, { ...settings, batchSize }));
    const at = { ...settings, learningRate: 1.05 * upper };
    const [{ rho }, rate] = await lap(() => growth(factors, { ...at, batchSize }));
    const [map, rows] = await lap(() => stabilityMap(factors, { ...settings, tolerance: 1e-4 }));
    const [smallest, batch] = await lap(() => smallestStableBatch(factors, at));
    const parts = `limit ${limit.toFixed(2)}, growth ${rate.toFixed(2)}, map ${rows.toFixed(2)}, smallest batch ${batch.toFixed(2)}`;
    const name = dynamics.momentum ? `momentum ${dynamics.momentum}` : "plain SGD";
    const result = `${upper.toPrecision(5)}, ρ = ${rho.toPrecision(5)} at 1.05 of it, ${map.length} batch sizes, smallest ${smallest}`;
    const seconds = limit + rate + rows + batch;
    console.log(
      `| verdict with ${name}, r = ${exact.rank} (${parts}) | ${seconds.toFixed(2)} | ${result} | |`,
    );
  }
  for (const sampling of ["epochs", "independent"] as const) {
    const at = { learningRate: 1.2 * exact.upper, batchSize, sampling };
    const [found, seconds] = await lap(() => typical(factors, at));
    const { growth: own, limit } = found!;
    const result = `growth ${own.value.toFixed(4)} ± ${own.error.toFixed(4)} at 1.2 of the mean-square limit; limit ${limit.value.toPrecision(4)} ± ${((100 * limit.error) / limit.value).toFixed(1)} %`;
    console.log(`| typical run, ${sampling}, nK = 1000 | ${seconds.toFixed(2)} | ${result} | ≤ 5 |`);
  }
  const large = pointOf(1000);
  const start = performance.now();
  for (let rank = 32; rank <= 512; rank *= 2) {
    const { upper, lastChange } = await varianceLimit(await noiseFactors(large.point, rank, unlimited(4e9)), {
      batchSize,
      gemm,
    });
    const seconds = (performance.now() - start) / 1000;
    const result = `${upper.toPrecision(5)}, last doubling changed it by ${(100 * lastChange).toFixed(1)} %`;
    console.log(`| nK = 10 000, r = ${rank}, all so far | ${seconds.toFixed(1)} | ${result} | ≤ 30 |`);
    if (lastChange < 0.02) break;
  }
}

void main();
