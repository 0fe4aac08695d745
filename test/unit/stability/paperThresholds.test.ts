// The minimum of examples/paper/thresholds: its limits over the batch size, against every batch multiplied out in float64.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plainMeter } from "../../../src/curvature/meter";
import { openEngine } from "../../../src/engines";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { factorSpectrum } from "../../../src/stability/secondMoment";
import { stabilityMap } from "../../../src/stability/stabilityMap";
import { jsGemm as gemm } from "../../../src/util/linalg/jsGemm";
import { symmetricEigen } from "../../../src/util/linalg/symmetricEigen";
import { Problem } from "../../../src/trainers/basin/problem";
import { Trainer } from "../../../src/trainers/basin/trainer";
import {
  add,
  identity,
  kron,
  overBatches,
  spectralRadius,
  type LinearProblem,
  type Matrix,
} from "../../support/linearModel";
import { gramOf, jacobian, tanhNet } from "../../support/tanhNet";

const file = join(import.meta.dirname, "../../../examples/paper/thresholds/thresholds.basin.json");

/** ρ(E[(1 − ηH_B) ⊗ (1 − ηH_B)]), the mean over all batches of size B. */
function meanSquareGrowth(problem: LinearProblem, B: number, eta: number): number {
  const { d } = problem;
  const square = overBatches(problem, B, (HB) => {
    const step: Matrix = add([1, identity(d)], [-eta, HB]);
    return kron(step, step, d);
  });
  return spectralRadius(square, d * d);
}

test("the limit rises with the batch size to 2/λmax, and at each the mean square shrinks below and grows above it", async () => {
  const { points, problems } = checkExperiment(readFileSync(file, "utf8"), file);
  expect(problems).toEqual([]);
  const problem = await Problem.load(points[0].experiment, file, await openEngine("auto"));
  const trainer = await Trainer.open(problem, null, plainMeter());
  for (let t = 0; t < 20_000; t++) {
    await trainer.computeGradient();
    trainer.advance();
  }
  const point = trainer.point();
  const { n, x } = problem.data.train;
  const factors = await factorSpectrum(await point.factors!.gram(), { n, K: 1 }, "all", gemm);
  const map = await stabilityMap(factors, { gemm });

  // By hand: f and its Jacobian in float64, and ∇²_f ℓ = 2 for the mean squared error of one output.
  const net = tanhNet(Float64Array.from(x), 1, 30);
  const { J } = jacobian(net, Float64Array.from(point.theta));
  const gram = gramOf(J, n).map((value) => 2 * value);
  const { values, vectors } = symmetricEigen(gram.slice(), n);
  const largest = Math.max(...values);
  const kept = Array.from(values, (_, k) => k).filter((k) => values[k] > 1e-10 * largest);
  const d = kept.length;
  const coordinate = (i: number, k: number) => vectors[k * n + i] * Math.sqrt(values[k]);
  const G = Array.from({ length: n }, (_, i) => Float64Array.from(kept, (k) => coordinate(i, k)));
  // The coordinates are those of the factors: their products are the Gram matrix.
  expect(G[1].reduce((sum, value, k) => sum + value * G[4][k], 0)).toBeCloseTo(gram[n + 4], 8);
  const each = G.map((g) =>
    Float64Array.from({ length: d * d }, (_, at) => g[Math.floor(at / d)] * g[at % d]),
  );
  const H = add(...each.map((h) => [1 / n, h] as const));
  const byHand: LinearProblem = { n, d, K: 1, G, each, H, gram };

  expect(map.map(({ batchSize }) => batchSize)).toEqual([1, 2, 4, 8, 10]);
  for (const [i, { batchSize, largestStableLearningRate: limit }] of map.entries()) {
    expect(limit).toBeGreaterThan(i === 0 ? 0 : map[i - 1].largestStableLearningRate);
    expect(meanSquareGrowth(byHand, batchSize, 0.999 * limit), `B = ${batchSize}`).toBeLessThan(1);
    expect(meanSquareGrowth(byHand, batchSize, 1.001 * limit), `B = ${batchSize}`).toBeGreaterThan(1);
  }
  expect(map[4].largestStableLearningRate / (2 / (largest / n))).toBeCloseTo(1, 4);
  // Single examples pull it down to a half of that.
  expect(map[0].largestStableLearningRate / map[4].largestStableLearningRate).toBeLessThan(0.6);
});
