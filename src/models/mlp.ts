// Multilayer perceptron: dense layers with one activation between them, none after the last. Layers are named 0, 2, 4, ….
import type { LayerSpec, MlpSpec } from "../protocol/experiment";

export const mlp = (
  { hidden, activation, bias }: Pick<MlpSpec, "hidden" | "activation" | "bias">,
  outputs: number,
): LayerSpec[] => [
  ...hidden.flatMap((units): LayerSpec[] => [{ dense: { units, bias } }, activation]),
  { dense: { units: outputs, bias } },
];
