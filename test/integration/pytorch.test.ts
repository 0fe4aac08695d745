// Real run processes against PyTorch: optimizer trajectories, every metric in float64, and the paper's net on real images.
import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { loadDataset } from "../../src/data";
import { checkExperiment } from "../../src/protocol/checkExperiment";
import { Rng } from "../../src/util/rng";
import { f4, i8, zipFile } from "../unit/data/files";
import { eventsOf, measure, pytorch, python, root, startRun, temporary } from "../support/runs";

const shared = resolve(root, "..", "shared", "data", "fashion-mnist");

const load = async (experiment: object) => {
  const { points } = checkExperiment(JSON.stringify(experiment), "/nowhere/test.basin.json", {});
  const { data, seed } = points[0].experiment;
  return loadDataset(data, { seed, readBytes: (path) => readFile(path) });
};

const base = {
  seed: 3,
  data: { source: "teacher", inputs: 5, outputs: 2, examples: 12, testExamples: 4 },
  model: { kind: "mlp", hidden: [6, 5], activation: "tanh" },
  stop: { steps: 50 },
  probes: {},
  checkpoints: { every: 50 },
};

/** Every metric of `measure` against the reference computed in float64 from dense matrices. */
function expectMeasured(metrics: Record<string, number>, theirs: Record<string, number>, loss: string): void {
  const close = (name: string, expected: number): void =>
    expect(
      Math.abs(metrics[name] / expected - 1),
      `${name}: ${metrics[name]} against ${expected}`,
    ).toBeLessThan(1e-3);
  close("loss.train", theirs.loss);
  close("gradNorm", theirs.gradNorm);
  close("sharpness", theirs.sharpness);
  close("gaussNewtonSharpness", theirs.gaussNewtonSharpness);
  close("nonuniformity", theirs.nonuniformity);
  close("trace", theirs.trace);
  close("frobenius", theirs.frobenius);
  close("noise.trace", theirs.noiseTrace);
  close("noise.scale", theirs.noiseScale);
  close("noise.batchSharpness", theirs.batchSharpness);
  close("smoothness.input", theirs.inputSmoothness);
  if ("smoothnessBound" in theirs) close("smoothness.bound", theirs.smoothnessBound);
  else expect(metrics).not.toHaveProperty(["smoothness.bound"]);
  if (loss === "cross-entropy") expect(metrics).not.toHaveProperty(["noise.alignment"]);
  else close("noise.alignment", theirs.alignment);
  close("stability.varianceLimit", theirs.varianceLimit);
  close("stability.meanLimit", 2 / theirs.sharpness);
}

describe.skipIf(!python)("beside PyTorch (needs Python with torch)", () => {
  test.each<{ ours: object; optimizer?: string; lr?: number; theirs?: object; more?: object }>([
    { ours: { kind: "sgd" } },
    { ours: { kind: "sgd", momentum: 0.9 }, theirs: { momentum: 0.9 } },
    {
      ours: { kind: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0.1 },
      theirs: { momentum: 0.9, nesterov: true, weight_decay: 0.1 },
    },
    { ours: { kind: "rmsprop" }, optimizer: "RMSprop", lr: 0.01 },
    {
      ours: { kind: "rmsprop", alpha: 0.9, momentum: 0.5, epsilon: 1e-4, weightDecay: 0.1 },
      optimizer: "RMSprop",
      lr: 0.01,
      theirs: { alpha: 0.9, momentum: 0.5, eps: 1e-4, weight_decay: 0.1 },
    },
    { ours: { kind: "adam" }, optimizer: "Adam", lr: 0.01 },
    {
      ours: { kind: "adam", beta1: 0.8, beta2: 0.99, epsilon: 1e-4, weightDecay: 0.1 },
      optimizer: "Adam",
      lr: 0.01,
      theirs: { betas: [0.8, 0.99], eps: 1e-4, weight_decay: 0.1 },
    },
    {
      ours: { kind: "adamw", weightDecay: 0.5 },
      optimizer: "AdamW",
      lr: 0.01,
      theirs: { weight_decay: 0.5 },
    },
    {
      ours: { kind: "sgd", schedule: { kind: "cosine", warmup: 10, final: 0.1 }, clip: 0.3 },
      more: {
        clip: 0.3,
        schedule: { warmup: 10, then: "CosineAnnealingLR", options: { T_max: 40, eta_min: 0.005 } },
      },
    },
    {
      // ε of the size of the clipped gradients: Adam divides by them, and those that are rounding would become steps.
      ours: { kind: "adamw", epsilon: 1e-3, schedule: { kind: "step", every: 15, factor: 0.5 }, clip: 0.05 },
      optimizer: "AdamW",
      lr: 0.01,
      theirs: { eps: 1e-3 },
      more: { clip: 0.05, schedule: { warmup: 0, then: "StepLR", options: { step_size: 15, gamma: 0.5 } } },
    },
  ])(
    "50 steps of $ours follow torch.optim to float32 accuracy",
    async ({ ours, lr = 0.05, theirs: options = {}, optimizer, more }) => {
      const experiment = {
        ...base,
        name: "optimizer",
        loss: "mse",
        optimizer: { ...ours, learningRate: lr, batchSize: "full" },
      };
      const folder = temporary();
      const { run, exited } = startRun(folder, experiment);
      expect(await exited).toBe(0);
      const { train } = await load(experiment);
      const theirs = pytorch({
        dtype: "float32",
        widths: [5, 6, 5, 2],
        activation: "tanh",
        loss: "mse",
        lr,
        ...(optimizer ? { optimizer } : {}),
        options,
        ...more,
        steps: 50,
        batch: 12,
        weights: join(run, "checkpoints/step-0.safetensors"),
        x: Array.from(train.x),
        y: Array.from(train.y),
      });
      const mine = eventsOf(run)
        .filter((e) => e.kind === "metrics" && e.probe === undefined)
        .map((e) => (e.values as Record<string, number>)["loss.train"]);
      expect(mine.length).toBe(51);
      theirs.losses.forEach((loss, i) =>
        // Both sides are float32; RMSProp divides by gradients of the size of rounding, and amplifies it.
        expect(Math.abs(mine[i] / loss - 1), `step ${i}`).toBeLessThan(optimizer === "RMSprop" ? 5e-5 : 2e-5),
      );
    },
  );

  test.each([
    { loss: "mse", batchSize: 3 },
    { loss: "squared-error", batchSize: 1 },
    { loss: "cross-entropy", batchSize: 4 },
    { loss: "mse", batchSize: "full" },
  ])(
    "measure agrees with float64 PyTorch to 1e-3 in every metric: $loss, B = $batchSize",
    async ({ loss, batchSize }) => {
      const data =
        loss === "cross-entropy"
          ? { source: "spirals", classes: 3, examples: 12, testExamples: 6 }
          : base.data;
      const experiment = {
        ...base,
        data,
        name: "measure",
        loss,
        optimizer: { kind: "sgd", learningRate: 0.05, batchSize },
      };
      const folder = temporary();
      const { run, exited } = startRun(folder, {
        ...experiment,
        optimizer: { ...experiment.optimizer, batchSize: "full" },
      });
      expect(await exited).toBe(0);
      const weights = join(run, "checkpoints/step-50.safetensors");
      const { metrics } = measure(temporary(), experiment, weights);
      const { train, inputShape, outputs } = await load(experiment);
      const theirs = pytorch({
        dtype: "float64",
        widths: [inputShape.reduce((a, b) => a * b, 1), 6, 5, outputs],
        activation: "tanh",
        loss,
        lr: 0.05,
        steps: 0,
        dense: true,
        batch: batchSize === "full" ? train.n : batchSize,
        weights,
        x: Array.from(train.x),
        y: Array.from(train.y),
      });
      expectMeasured(metrics, theirs, loss);
    },
  );

  test.each([
    { loss: "squared-error", batchSize: 2, pool: "avgPool2d" },
    { loss: "cross-entropy", batchSize: 3, pool: "maxPool2d" },
  ])(
    "measure agrees for a convolutional net too: $loss, B = $batchSize, $pool",
    async ({ loss, batchSize, pool }) => {
      const [n, K, inputShape] = [10, 2, [1, 6, 6]];
      const layers = [{ conv2d: { filters: 2, kernel: 3 } }, "tanh", { [pool]: 2 }, "flatten", { dense: K }];
      const rng = new Rng(11, "images");
      const x = Float32Array.from({ length: n * 36 }, () => rng.normal());
      const labels = Array.from({ length: n }, () => rng.below(K));
      const folder = temporary();
      writeFileSync(
        join(folder, "images.npz"),
        zipFile({ "x_train.npy": f4([n, ...inputShape], [...x]), "y_train.npy": i8([n], labels) }),
      );
      const experiment = {
        name: "cnn",
        data: { source: "npz", file: join(folder, "images.npz") },
        model: { kind: "sequential", layers },
        loss,
        optimizer: { kind: "sgd", learningRate: 0.05, batchSize },
        stop: { steps: 20 },
        probes: {},
      };
      const { run, exited } = startRun(folder, experiment);
      expect(await exited).toBe(0);
      const weights = join(run, "checkpoints/step-20.safetensors");
      const { metrics } = measure(temporary(), experiment, weights);
      const theirs = pytorch({
        dtype: "float64",
        layers,
        inputShape,
        loss,
        lr: 0.05,
        steps: 0,
        dense: true,
        batch: batchSize,
        weights,
        x: [...x],
        y: labels.flatMap((label) => Array.from({ length: K }, (_, k) => (k === label ? 1 : 0))),
      });
      expectMeasured(metrics, theirs, loss);
    },
  );

  test.each([
    { steps: 50, weightDecay: 0, batchSize: "full" },
    { steps: 50, weightDecay: 0.1, batchSize: "full" },
  ])(
    "Adam after $steps steps, weight decay $weightDecay: preconditioned sharpness and limits agree with float64 PyTorch",
    async ({ steps, weightDecay, batchSize }) => {
      const options = { beta1: 0.8, beta2: 0.99, epsilon: 1e-3, weightDecay };
      const experiment = {
        ...base,
        name: "adam",
        loss: "mse",
        optimizer: { kind: "adam", learningRate: 0.01, batchSize: "full", ...options },
      };
      const { run, exited } = startRun(temporary(), experiment);
      expect(await exited).toBe(0);
      const { train } = await load(experiment);
      const weights = join(run, "checkpoints/step-0.safetensors");
      const theirs = pytorch({
        dtype: "float64",
        widths: [5, 6, 5, 2],
        activation: "tanh",
        loss: "mse",
        lr: 0.01,
        optimizer: "Adam",
        options: { betas: [0.8, 0.99], eps: 1e-3, weight_decay: weightDecay },
        steps,
        dense: true,
        precondition: true,
        batch: batchSize === "full" ? train.n : batchSize,
        weights,
        x: Array.from(train.x),
        y: Array.from(train.y),
      });
      // Before the first step there is no state: the gradient's size stands in. After 50 the run's own verdict has it.
      const metrics =
        steps === 0
          ? measure(
              temporary(),
              { ...experiment, optimizer: { ...experiment.optimizer, batchSize } },
              weights,
            ).metrics
          : (eventsOf(run).findLast(({ probe }) => probe === "verdict")!.values as Record<string, number>);
      const close = (name: string, expected: number): void =>
        expect(
          Math.abs(metrics[name] / expected - 1),
          `${name}: ${metrics[name]} against ${expected}`,
        ).toBeLessThan(1e-3);
      close("preconditionedSharpness", theirs.preconditionedSharpness);
      close("stability.meanLimit", (2 + 2 * 0.8) / (0.2 * theirs.preconditionedSharpness));
      if (weightDecay > 0) expect(metrics).not.toHaveProperty("stability.varianceLimit");
      else close("stability.varianceLimit", theirs.preconditionedVarianceLimit);
    },
  );

  test.skipIf(!existsSync(shared))(
    "the paper's relu 784-500-500-500-10 net on Fashion-MNIST trains and sharpens as in PyTorch (needs ../shared/data)",
    async () => {
      const file = (name: string) => join(shared, name);
      const experiment = {
        name: "fashion",
        seed: 0,
        data: {
          source: "idx",
          train: {
            images: file("train-first3615-images-idx3-ubyte.gz"),
            labels: file("train-first3615-labels-idx1-ubyte.gz"),
            take: 100,
          },
          scale: "unit",
        },
        model: { kind: "mlp", hidden: [500, 500, 500], activation: "relu" },
        loss: "mse",
        optimizer: { kind: "sgd", learningRate: 0.1, batchSize: "full" },
        stop: { steps: 30 },
        probes: { sharpness: { every: 30, top: 1, tolerance: 1e-3 } },
        checkpoints: { every: 30 },
      };
      const { run, exited } = startRun(temporary(), experiment);
      expect(await exited).toBe(0);
      const { train } = await load(experiment);
      const theirs = pytorch({
        dtype: "float32",
        widths: [784, 500, 500, 500, 10],
        activation: "relu",
        loss: "mse",
        lr: 0.1,
        steps: 30,
        weights: join(run, "checkpoints/step-0.safetensors"),
        x: Array.from(train.x),
        y: Array.from(train.y),
        batch: 100,
      });
      const events = eventsOf(run);
      const mine = events
        .filter((e) => e.kind === "metrics" && e.probe === undefined)
        .map((e) => (e.values as Record<string, number>)["loss.train"]);
      theirs.losses.forEach((loss, i) =>
        expect(Math.abs(mine[i] / loss - 1), `step ${i}`).toBeLessThan(1e-4),
      );
      const last = events.findLast((e) => e.probe === "sharpness")!;
      expect(Math.abs((last.values as Record<string, number>).sharpness / theirs.sharpness - 1)).toBeLessThan(
        2e-2,
      );
    },
    300_000,
  );
});
