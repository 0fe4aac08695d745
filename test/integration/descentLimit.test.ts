// The one-step descent limit on a quadratic loss, where it is exact: over all batches of one size, the mean loss after a step at the limit is the loss before it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encodeSafetensors } from "../../src/protocol/safetensors";
import { Rng } from "../../src/util/rng";
import { f4, zipFile } from "../unit/data/files";
import { measure, temporary } from "../support/runs";

const [n, D] = [6, 3];
const rng = new Rng(5, "descent");
const x = Float32Array.from({ length: n * D }, () => rng.normal());
const y = Float32Array.from({ length: n }, () => rng.normal());
const theta = [0.4, -0.3, 0.9];

/** Half the mean square residual over some examples, and its gradient: as `squared-error` has them. */
function lossAt(at: readonly number[], examples: readonly number[]) {
  let loss = 0;
  const gradient = at.map(() => 0);
  for (const i of examples) {
    const residual = at.reduce((sum, w, a) => sum + w * x[i * D + a], -y[i]);
    loss += residual ** 2 / (2 * examples.length);
    for (let a = 0; a < D; a++) gradient[a] += (residual * x[i * D + a]) / examples.length;
  }
  return { loss, gradient };
}

const all = Array.from({ length: n }, (_, i) => i);
const batchesOf = (size: number, from = 0): number[][] =>
  size === 0 ? [[]] : all.slice(from).flatMap((i) => batchesOf(size - 1, i + 1).map((rest) => [i, ...rest]));

test.each([1, 2, 4, 6])("batches of %i", (batchSize) => {
  const folder = temporary();
  const archive = join(folder, "data.npz");
  const weights = join(folder, "start.safetensors");
  writeFileSync(archive, zipFile({ "x_train.npy": f4([n, D], [...x]), "y_train.npy": f4([n, 1], [...y]) }));
  writeFileSync(
    weights,
    encodeSafetensors(new Map([["0.weight", { shape: [1, D], data: Float32Array.from(theta) }]])),
  );
  const { metrics } = measure(
    folder,
    {
      name: "descent",
      data: { source: "npz", file: archive, scale: "none" },
      model: { kind: "mlp", hidden: [], bias: false },
      loss: "squared-error",
      optimizer: { kind: "sgd", learningRate: 0.1, batchSize },
      stop: { steps: 1 },
    },
    weights,
  );
  const { loss, gradient } = lossAt(theta, all);
  expect(metrics["loss.train"]).toBeCloseTo(loss, 5);
  const batches = batchesOf(batchSize);
  const after = (eta: number) =>
    batches.reduce((sum, batch) => {
      const { gradient: own } = lossAt(theta, batch);
      const next = theta.map((w, a) => w - eta * own[a]);
      return sum + lossAt(next, all).loss / batches.length;
    }, 0);
  const limit = metrics["stability.descentLimit"];
  const slope = gradient.reduce((sum, g) => sum + g * g, 0);
  // Relative to what a small step gains: on either side of the limit the loss falls, or rises.
  expect(Math.abs(after(limit) - loss)).toBeLessThan(1e-4 * limit * slope);
  expect(after(0.98 * limit)).toBeLessThan(loss);
  expect(after(1.02 * limit)).toBeGreaterThan(loss);
  expect(metrics["stability.descentLimit.error"]).toBe(0);
});
