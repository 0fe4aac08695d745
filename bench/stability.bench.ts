// The exact mean-square limit at nK = 1000, and the bracket at nK = 10 000, B = 8 until doubling the rank changes it by less than 2 %.
import { gemm64 } from "../src/engines/onnx/gemm64";
import { native } from "../src/engines/onnx/native";
import { unlimited } from "../src/measure/budget";
import { noiseFactors } from "../src/measure/noiseFactors";
import { growth, smallestStableBatch } from "../src/stability/growth";
import { NoiseGain } from "../src/stability/noiseGain";
import { stabilityMap } from "../src/stability/stabilityMap";
import { typical } from "../src/stability/typical";
import { varianceLimit } from "../src/stability/varianceLimit";
import { batchSize, exactLimit, lap, pointOf, widths } from "./exactLimit";
import { machine } from "./harness";

const gemm = gemm64(native);

async function main(): Promise<void> {
  console.log(`\nmean-square limit, tanh ${widths.join("-")}, B = ${batchSize}\n${machine()}`);
  console.log("| work | seconds | result | aim |\n|---|---|---|---|");
  const { factors, exact, row } = await exactLimit();
  console.log(row);
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
    const [found, seconds, processor] = await lap(() => typical(factors, at));
    const { growth: own, limit } = found!;
    const result = `growth ${own.value.toFixed(4)} ± ${own.error.toFixed(4)} at 1.2 of the mean-square limit; limit ${limit.value.toPrecision(4)} ± ${((100 * limit.error) / limit.value).toFixed(1)} %`;
    console.log(
      `| typical run, ${sampling}, nK = 1000 | ${seconds.toFixed(2)}, of the processor ${processor.toFixed(2)} | ${result} | ≤ 5 |`,
    );
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
