// A small convolutional network: convolution, activation and pooling per entry of `filters`, then dense layers.
import type { CnnSpec, LayerSpec } from "../protocol/experiment";

export const cnn = ({ filters, kernel, pool, hidden, activation, bias }: CnnSpec): LayerSpec[] => [
  ...filters.flatMap((count): LayerSpec[] => [
    { conv2d: { filters: count, kernel, padding: "same", bias } },
    activation,
    pool === "max" ? { maxPool2d: 2 } : { avgPool2d: 2 },
  ]),
  "flatten",
  ...hidden.flatMap((units): LayerSpec[] => [{ dense: { units, bias } }, activation]),
  "dense",
];
