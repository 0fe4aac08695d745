// Residual network for small images: three stages of width w, 2w, 4w, each halving the image but the first.
import type { LayerSpec, ResnetSpec } from "../protocol/experiment";
import { ref } from "../protocol/fragment";
import { defineModel } from "./define";
import { startKeys } from "./shared";

export const resnet = defineModel("resnet", {
  spec: {
    about: "Residual network for small images (He et al. 2016).",
    properties: {
      width: {
        type: "integer",
        minimum: 1,
        maximum: 100000,
        default: 16,
        description: "Filters of the first stage; the next two have twice and four times as many.",
      },
      blocks: {
        type: "integer",
        minimum: 1,
        maximum: 1000,
        default: 3,
        description: "Residual blocks per stage; 3 gives ResNet-20.",
      },
      activation: ref("activation", { default: "relu" }),
      norm: {
        enum: ["batch", "none"],
        enumDescriptions: ["Batch normalization.", "None; convolutions then have biases."],
        default: "batch",
        description: "Batch normalization after each convolution, or none.",
      },
      ...startKeys,
    },
  },
  layers: residualStages,
});

/**
 * `blocks` per stage: 3 gives ResNet-20. Where a stage begins, the shortcut is a strided convolution with kernel 1.
 * @source He et al., CVPR 2016, §4.2, with projection shortcuts.
 */
function residualStages({ width, blocks, activation, norm }: ResnetSpec): LayerSpec[] {
  const normed: LayerSpec[] = norm === "batch" ? ["batchNorm"] : [];
  const bias = norm === "none";
  const block = (filters: number, stride: number, changes: boolean): LayerSpec[] => [
    {
      residual: {
        layers: [
          { conv2d: { filters, kernel: 3, stride, padding: 1, bias } },
          ...normed,
          activation,
          { conv2d: { filters, kernel: 3, padding: 1, bias } },
          ...normed,
        ],
        ...(changes ? { shortcut: [{ conv2d: { filters, kernel: 1, stride, bias } }, ...normed] } : {}),
      },
    },
    activation,
  ];
  const stages = [1, 2, 4].flatMap((factor, stage) =>
    Array.from({ length: blocks }, (_, i) => {
      const first = stage > 0 && i === 0;
      return block(width * factor, first ? 2 : 1, first);
    }).flat(),
  );
  return [
    { conv2d: { filters: width, kernel: 3, padding: 1, bias } },
    ...normed,
    activation,
    ...stages,
    "globalAvgPool2d",
    "flatten",
    "dense",
  ];
}
