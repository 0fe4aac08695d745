// One small network of every kind of layer, with data that fits: what the model tests sweep over.
import type { LayerSpec, LossKind, BuiltinSpec } from "../../../src/protocol/experiment";
import { Rng } from "../../../src/util/rng";
import { uniform } from "../../support/numeric";

export interface ModelSample {
  readonly name: string;
  readonly spec: BuiltinSpec;
  readonly inputShape: readonly number[];
  /** Inputs are whole numbers below this. */
  readonly tokens?: number;
  readonly loss?: LossKind;
  /** Range of the inputs. */
  readonly range?: readonly [number, number];
  /** Outputs, where the model has a number of its own. */
  readonly outputs?: number;
}

const layers = (
  name: string,
  inputShape: readonly number[],
  list: readonly LayerSpec[],
  more: Partial<ModelSample> = {},
): ModelSample => ({ name, spec: { kind: "sequential", layers: list }, inputShape, ...more });

const conv = { filters: 2, kernel: 3 };

export const modelSamples: readonly ModelSample[] = [
  layers("dense", [4], [{ dense: 3 }, "tanh", { dense: { units: 3, bias: false } }, "gelu", "dense"]),
  layers("conv2d", [2, 5, 5], [{ conv2d: { ...conv, padding: 1 } }, "tanh", "flatten", "dense"]),
  ...(["elu", "selu", "silu", "leakyRelu", "hardtanh", "hardswish"] as const).map((name) =>
    layers(name, [4], [{ dense: 5 }, name, { dense: 3 }, name, "dense"], { range: [-4, 4] }),
  ),
  layers(
    "conv2d strided, in groups",
    [2, 6, 5],
    [
      { conv2d: { filters: 4, kernel: 3, stride: 2, padding: 1, groups: 2 } },
      "softplus",
      { conv2d: { filters: 2, kernel: 2, bias: false } },
      "flatten",
      { dense: 2 },
    ],
  ),
  layers(
    "avgPool2d",
    [1, 6, 6],
    [{ conv2d: { ...conv, padding: "same" } }, "tanh", { avgPool2d: 2 }, "flatten", "dense"],
  ),
  layers(
    "overlapping avgPool2d",
    [5, 5],
    [{ conv2d: conv }, { avgPool2d: { kernel: 2, stride: 1 } }, "tanh", "flatten", "dense"],
  ),
  layers(
    "maxPool2d",
    [1, 6, 6],
    [{ conv2d: { ...conv, padding: 1 } }, { maxPool2d: 2 }, "tanh", "flatten", "dense"],
  ),
  layers(
    "overlapping maxPool2d",
    [1, 7, 7],
    [{ conv2d: conv }, { maxPool2d: { kernel: 3, stride: 2 } }, "flatten", "dense"],
  ),
  layers("globalAvgPool2d", [1, 4, 4], [{ conv2d: conv }, "tanh", "globalAvgPool2d", "flatten", "dense"]),
  layers("layerNorm", [5], [{ dense: 4 }, "layerNorm", "tanh", "dense"]),
  layers(
    "residual",
    [2, 4, 4],
    [
      { residual: [{ conv2d: { filters: 2, kernel: 3, padding: 1 } }, "tanh"] },
      {
        residual: {
          layers: [{ conv2d: { filters: 3, kernel: 3, stride: 2, padding: 1 } }, "tanh"],
          shortcut: [{ conv2d: { filters: 3, kernel: 1, stride: 2, bias: false } }],
        },
      },
      "globalAvgPool2d",
      "flatten",
      "dense",
    ],
  ),
  layers(
    "embedding, positions and selfAttention",
    [4],
    [
      { embedding: { vocabulary: 5, width: 4 } },
      "positions",
      { selfAttention: { heads: 2 } },
      "meanPool",
      "dense",
    ],
    { tokens: 5, loss: "cross-entropy" },
  ),
  // A reshape right behind a layer whose own last node is a reshape.
  layers(
    "embedding and dense at every position, then flatten",
    [4],
    [{ embedding: { vocabulary: 5, width: 4 } }, { dense: 3 }, "flatten", "tanh", "dense"],
    { tokens: 5 },
  ),
  layers("embedding, then flatten", [4], [{ embedding: { vocabulary: 5, width: 4 } }, "flatten", "dense"], {
    tokens: 5,
  }),
  {
    name: "transformer decoder",
    spec: {
      kind: "transformer",
      vocabulary: 5,
      width: 4,
      depth: 1,
      heads: 2,
      causal: true,
      activation: "gelu",
      dropout: 0,
    },
    inputShape: [3],
    tokens: 5,
    loss: "cross-entropy",
  },
  {
    name: "resnet",
    spec: { kind: "resnet", width: 2, blocks: 1, activation: "softplus", norm: "none" },
    inputShape: [1, 8, 8],
  },
  {
    name: "cnn",
    spec: {
      kind: "cnn",
      filters: [2, 3],
      kernel: 3,
      pool: "avg",
      hidden: [4],
      activation: "tanh",
      bias: true,
    },
    inputShape: [1, 8, 8],
  },
  { name: "deepLinear", spec: { kind: "deepLinear", hidden: [3, 3], bias: false }, inputShape: [4] },
  // Curvatures on either side of the one at which x² = c(x − 1)².
  {
    name: "twoMinima",
    spec: { kind: "twoMinima", start: 0.57 },
    inputShape: [1],
    range: [0.5, 4.5],
    outputs: 1,
  },
];

/** Examples [n, D] and targets [n, K] that fit a sample; `outputs` is K where the sample does not choose. */
export function dataFor(sample: ModelSample, n: number, outputs: number) {
  const { inputShape, tokens, range, loss = "mse", outputs: K = outputs } = sample;
  const rng = new Rng(5, inputShape.join());
  const D = inputShape.reduce((a, b) => a * b, 1);
  const x = tokens
    ? Float32Array.from({ length: n * D }, () => rng.below(tokens))
    : uniform(rng, [n, D], range);
  const y =
    loss === "cross-entropy"
      ? Float32Array.from({ length: n * K }, (_, i) => (i % K === Math.floor(i / K) % K ? 1 : 0))
      : uniform(rng, [n, K]);
  return { x, y, D, K, loss };
}
