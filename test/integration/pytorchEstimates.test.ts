// Readings that rest on samples, where all would be too many, against exact values in float64 PyTorch: within four of their own standard errors.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { Rng } from "../../src/util/rng";
import { f4, zipFile } from "../unit/data/files";
import { eventsOf, measure, pytorch, python, startRun, temporary } from "../support/runs";

/** More examples than 256, and more pairs of them than 512: alignment and batch sharpness are then estimates. */
const [n, D, batchSize] = [300, 3, 2];
const rng = new Rng(21, "estimates");
const x = Float32Array.from({ length: n * D }, () => rng.normal());
const y = Float32Array.from({ length: n }, (_, i) => Math.tanh(x[i * D] - x[i * D + 1]) + 0.3 * rng.normal());
const folder = temporary();
const archive = join(folder, "data.npz");
const start = join(folder, "start.safetensors");

const experiment = (seed: number, more: object = {}) => ({
  name: "estimates",
  seed,
  data: { source: "npz", file: archive },
  model: { kind: "mlp", hidden: [4], activation: "tanh" },
  loss: "mse",
  optimizer: { kind: "sgd", learningRate: 0.1, batchSize },
  stop: { steps: 20 },
  probes: {},
  ...more,
});

describe.skipIf(!python)("beside PyTorch (needs Python with torch)", () => {
  let exact: Record<string, number> & { gaussNewtonEigenvalues: number[] };
  beforeAll(async () => {
    const [inputs, targets] = [f4([n, D], [...x]), f4([n, 1], [...y])];
    writeFileSync(archive, zipFile({ "x_train.npy": inputs, "y_train.npy": targets }));
    const { run, exited } = startRun(temporary(), experiment(0, { checkpoints: { every: 20 } }));
    expect(await exited).toBe(0);
    writeFileSync(start, readFileSync(join(run, "checkpoints", "step-20.safetensors")));
    exact = pytorch({
      dtype: "float64",
      widths: [D, 4, 1],
      activation: "tanh",
      loss: "mse",
      lr: 0.1,
      steps: 0,
      dense: true,
      batch: batchSize,
      weights: start,
      x: [...x],
      y: [...y],
    }) as unknown as typeof exact;
  }, 120_000);

  /** An estimate whose error bar is neither empty nor so wide that anything would be within it. */
  const within = (values: Record<string, number>, name: string, value: number, seed: number): void => {
    const error = values[`${name}.error`];
    const said = `${name}, seed ${seed}: ${values[name]} ± ${error} against ${value}`;
    expect(error, said).toBeGreaterThan(1e-3 * Math.abs(value));
    expect(error, said).toBeLessThan(0.5 * Math.abs(value));
    expect(Math.abs(values[name] - value), said).toBeLessThanOrEqual(4 * error);
  };

  test.each([0, 1, 2, 3])("batch sharpness and alignment, seed %i", (seed) => {
    const { metrics } = measure(temporary(), experiment(seed), start);
    within(metrics, "noise.batchSharpness", exact.batchSharpness, seed);
    within(metrics, "noise.alignment", exact.alignment, seed);
  });

  test.each([0, 1, 2, 3])(
    "batch sharpness and the moments of both spectra in a run's log, seed %i",
    async (seed) => {
      const spectrum = { every: 1, of: "both", steps: 10, starts: 24, top: 3 };
      const { run, exited } = startRun(
        temporary(),
        experiment(seed, {
          model: { ...experiment(0).model, weights: start },
          stop: { steps: 1 },
          probes: { spectrum, gradientNoise: { every: 1 } },
        }),
      );
      expect(await exited).toBe(0);
      const reading = (probe: string) =>
        eventsOf(run).find((event) => event.probe === probe && event.step === 0)!.values as Record<
          string,
          number
        >;
      within(reading("gradientNoise"), "noise.batchSharpness", exact.batchSharpness, seed);
      for (const name of ["trace", "frobenius", "gaussNewtonTrace"])
        within(reading("spectrum"), name, exact[name], seed);
      const { gaussNewtonEigenvalues: largest } = reading("spectrum") as unknown as Record<string, number[]>;
      expect(largest).toHaveLength(3);
      largest.forEach((value, i) =>
        expect(Math.abs(value / exact.gaussNewtonEigenvalues[i] - 1)).toBeLessThan(1e-3),
      );
    },
  );
});
