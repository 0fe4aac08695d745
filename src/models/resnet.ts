// Residual network for small images: three stages of width w, 2w, 4w, each halving the image but the first.
import type { LayerSpec, ResnetSpec } from "../protocol/experiment";

/**
 * `blocks` per stage: 3 gives ResNet-20. Where a stage begins, the shortcut is a strided convolution with kernel 1.
 * @source He et al., CVPR 2016, §4.2, with projection shortcuts.
 */
export function resnet({ width, blocks, activation, norm }: ResnetSpec): LayerSpec[] {
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
