// What a verdict says of networks of a special kind: by the real run process.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encodeSafetensors } from "../../src/protocol/safetensors";
import type { Verdict } from "../../src/types/verdict";
import { measure, startRun, temporary } from "../support/runs";

const data = { source: "chebyshev", degree: 3, examples: 16, testExamples: 0 };

test("with batch normalization one verdict speaks of one dynamics and says which", async () => {
  const { run, exited } = startRun(temporary(), {
    data,
    model: { kind: "sequential", layers: [{ dense: 12 }, "batchNorm", "tanh", "dense"] },
    loss: "mse",
    optimizer: { kind: "sgd", learningRate: 0.05, batchSize: 4 },
    stop: { steps: 2000 },
    probes: {},
  });
  expect(await exited).toBe(0);
  const { limits, evidence } = JSON.parse(readFileSync(join(run, "verdict.json"), "utf8")) as Verdict;
  // Noise only takes away from what the mean allows. Away from interpolation the Hessian is not its Gauss–Newton part: 5 % of leeway.
  expect(limits.variance!.upper).toBeLessThanOrEqual(1.05 * limits.mean!);
  expect(limits.variance!.exact).toBe(true);
  expect(evidence.join("\n")).toMatch(/Batch normalization: .* all training examples as one batch/);
});

test("dead units are counted", () => {
  const folder = temporary();
  const tensor = (shape: number[], value: number) => ({
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b)).fill(value),
  });
  // Inputs lie in [−1, 1]: nine of the first twelve units never see more than −4, and the second layer is below zero whatever comes.
  const bias = tensor([12], -5);
  bias.data.fill(2, 9);
  const tensors = {
    "0.weight": tensor([12, 1], 1),
    "0.bias": bias,
    "2.weight": tensor([5, 12], 0.1),
    "2.bias": tensor([5], -1),
    "4.weight": tensor([1, 5], 1),
    "4.bias": tensor([1], 0),
  };
  const weights = join(folder, "dead.safetensors");
  writeFileSync(weights, encodeSafetensors(new Map(Object.entries(tensors))));
  const { verdict } = measure(
    folder,
    {
      data,
      model: { kind: "mlp", hidden: [12, 5], activation: "relu" },
      loss: "mse",
      optimizer: { kind: "sgd", learningRate: 0.05, batchSize: 8 },
      stop: { steps: 1 },
      probes: {},
    },
    weights,
  );
  expect((verdict.reasons as string[]).join("\n")).toMatch(/14 of the 17 ReLU units are dead/);
});
