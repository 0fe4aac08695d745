// Every layer against PyTorch: names, outputs, gradients, Hessian products from its weights, and training with batch statistics.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { buildNetwork } from "../../src/curvature/buildNetwork";
import { Curvature } from "../../src/curvature/curvature";
import { viewsOf } from "../../src/curvature/flat";
import { onnxEngine } from "../../src/engines/onnx/engine";
import { losses } from "../../src/losses";
import { buildModel, models } from "../../src/models";
import type { ModelKind } from "../../src/models/define";
import type { LayerSpec, BuiltinSpec } from "../../src/protocol/experiment";
import { decodeSafetensors } from "../../src/protocol/safetensors";
import { expectClose } from "../support/numeric";
import { eventsOf, python, root, startRun, temporary } from "../support/runs";
import { f4, zipFile } from "../unit/data/files";
import { dataFor, modelSamples, type ModelSample } from "../unit/models/samples";

interface Answer {
  readonly names: string[];
  readonly outputs: number[];
  readonly loss: number;
  readonly gradient: number[];
  readonly product: number[];
  readonly losses: number[];
  readonly evalLoss: number;
}

const engine = onnxEngine("test", { threads: 1 });
const [n, K] = [6, 2];
/** float32 here against float64 there. */
const F32 = 5e-4;

const batchNormed: readonly ModelSample[] = [
  {
    name: "batchNorm on vectors and images",
    spec: {
      kind: "sequential",
      layers: [
        { conv2d: { filters: 3, kernel: 3, bias: false } },
        "batchNorm",
        "tanh",
        "flatten",
        { dense: 4 },
        "batchNorm",
        "softplus",
        "dense",
      ],
    },
    inputShape: [1, 5, 5],
  },
  {
    name: "resnet with batch normalization",
    spec: { kind: "resnet", width: 2, blocks: 1, activation: "softplus", norm: "batch" },
    inputShape: [1, 8, 8],
  },
];

const layersOf = (spec: BuiltinSpec): readonly LayerSpec[] =>
  models
    .map((model) => model as unknown as ModelKind<BuiltinSpec["kind"]>)
    .find(({ kind }) => kind === spec.kind)!
    .layers(spec, K) as readonly LayerSpec[];

/** PyTorch wants the channel axis that Basin adds by itself. */
const shapeOf = ({ inputShape }: ModelSample) => (inputShape.length === 2 ? [1, ...inputShape] : inputShape);

const steps = 20;
/** twoMinima is no list of layers; it is compared with closed forms. */
const layered = modelSamples.filter(({ spec }) => spec.kind !== "twoMinima");
const samples = [...layered, ...batchNormed];
const folder = temporary();
const weightsOf = (sample: ModelSample) => join(folder, `${samples.indexOf(sample)}.safetensors`);
let answers: Answer[] = [];
const answerTo = (sample: ModelSample): Answer => answers[samples.indexOf(sample)];

beforeAll(() => {
  if (!python) return;
  const requests = samples.map((sample) => {
    const { x, y, loss } = dataFor(sample, n, K);
    const layers = layersOf(sample.spec);
    const training = batchNormed.includes(sample) ? { steps, lr: 0.05 } : {};
    const weights = weightsOf(sample);
    return { layers, inputShape: shapeOf(sample), loss, weights, x: [...x], y: [...y], ...training };
  });
  const { stdout, stderr, status } = spawnSync(python, [join(root, "test/fixtures/pytorch_layers.py")], {
    input: JSON.stringify(requests),
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(stderr);
  answers = JSON.parse(stdout) as Answer[];
}, 120_000);

describe.skipIf(!python)("layers beside PyTorch (needs Python with torch)", () => {
  test.each(samples.map((sample) => ({ name: sample.name, sample })))(
    "$name: names, outputs, gradient and Hessian product",
    async ({ sample }) => {
      const { x, y, D, loss } = dataFor(sample, n, K);
      const path = weightsOf(sample);
      const theirs = answerTo(sample);
      const model = buildModel(sample.spec, sample.inputShape, K);
      expect(model.parameters.map((p) => p.name)).toEqual(theirs.names);
      const { tensors } = decodeSafetensors(readFileSync(path), path);
      const shapes = model.parameters.map((p) => p.shape);
      const network = buildNetwork({ model, loss: losses[loss], inputs: D, outputs: K }, n);
      const compiled = new Curvature(engine, network, { x, y });
      const theta = new Float32Array(compiled.size);
      viewsOf(theta, shapes).forEach((view, i) => {
        const tensor = tensors.get(model.parameters[i].name)!;
        expect(tensor.shape).toEqual([...shapes[i]]);
        view.set(tensor.data);
      });
      const curvature = compiled.at(theta);
      const mine = await curvature.evaluate();
      expectClose(mine.outputs, theirs.outputs, F32, "outputs");
      expect(Math.abs(mine.loss / theirs.loss - 1)).toBeLessThan(F32);
      expectClose(mine.gradient, theirs.gradient, F32, "gradient");
      const product = new Float32Array(theta.length);
      const v = Float32Array.from({ length: theta.length }, (_, i) => Math.sin(i));
      await curvature.hessian().apply(v, product);
      expectClose(product, theirs.product, 2e-3, "Hv");
    },
  );

  test.each(batchNormed.map((sample) => ({ name: sample.name, sample })))(
    "$name: training follows PyTorch's, and scores use the running statistics it leaves",
    async ({ sample }) => {
      const { x, y, loss } = dataFor(sample, n, K);
      const theirs = answerTo(sample);
      const folder = temporary();
      const shape = shapeOf(sample);
      writeFileSync(
        join(folder, "data.npz"),
        zipFile(
          Object.fromEntries(
            ["train", "test"].flatMap((part) => [
              [`x_${part}.npy`, f4([n, ...shape], [...x])],
              [`y_${part}.npy`, f4([n, K], [...y])],
            ]),
          ),
        ),
      );
      const { run, exited } = startRun(folder, {
        name: "batchNorm",
        data: { source: "npz", file: "data.npz" },
        model: { ...sample.spec, weights: weightsOf(sample) },
        loss,
        optimizer: { kind: "sgd", learningRate: 0.05, batchSize: "full" },
        stop: { steps },
        probes: { generalization: { every: steps } },
        checkpoints: { every: 7 },
      });
      expect(await exited).toBe(0);
      const events = eventsOf(run);
      const mine = events
        .filter((e) => e.kind === "metrics" && e.probe === undefined)
        .map((e) => (e.values as Record<string, number>)["loss.train"]);
      theirs.losses.forEach((value, i) =>
        expect(Math.abs(mine[i] / value - 1), `step ${i}`).toBeLessThan(2e-4),
      );
      const scored = events.findLast((e) => e.probe === "generalization")!.values as Record<string, number>;
      expect(Math.abs(scored["loss.test"] / theirs.evalLoss - 1)).toBeLessThan(1e-3);
    },
  );
});
