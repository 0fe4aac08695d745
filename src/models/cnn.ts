// A small convolutional network: convolution, activation and pooling per entry of `filters`, then dense layers.
import type { LayerSpec } from "../protocol/experiment";
import { ref } from "../protocol/fragment";
import { defineModel } from "./define";
import { startKeys } from "./shared";

export const cnn = defineModel("cnn", {
  spec: {
    about: "Convolutions with pooling, then dense layers.",
    required: ["filters"],
    properties: {
      filters: {
        type: "array",
        minItems: 1,
        maxItems: 100,
        items: { type: "integer", minimum: 1, maximum: 100000 },
        description: "Filters of each convolution; a pooling by two follows each.",
        examples: [[8, 16]],
      },
      kernel: {
        type: "integer",
        minimum: 1,
        maximum: 1000,
        default: 3,
        description:
          "Height and width of the convolutions' windows; odd, since the padding keeps the image's size.",
      },
      pool: {
        enum: ["avg", "max"],
        enumDescriptions: ["The mean of each window.", "The largest entry of each window."],
        default: "max",
        description: "Kind of pooling.",
      },
      hidden: ref("hidden", { default: [100] }),
      activation: ref("activation", { default: "relu" }),
      bias: {
        type: "boolean",
        default: true,
        description: "Whether dense and convolution layers add a bias.",
      },
      ...startKeys,
    },
    snippets: [
      {
        label: "cnn",
        body: {
          kind: "cnn",
          filters: ["^${1:8}", "^${2:16}"],
          hidden: ["^${3:100}"],
          activation: "${4:relu}",
        },
      },
    ],
  },
  layers: ({ filters, kernel, pool, hidden, activation, bias }) => [
    ...filters.flatMap((count): LayerSpec[] => [
      { conv2d: { filters: count, kernel, padding: "same", bias } },
      activation,
      pool === "max" ? { maxPool2d: 2 } : { avgPool2d: 2 },
    ]),
    "flatten",
    ...hidden.flatMap((units): LayerSpec[] => [{ dense: { units, bias } }, activation]),
    "dense",
  ],
});
