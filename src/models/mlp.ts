// Multilayer perceptron: dense layers with one activation between them, none after the last. Layers are named 0, 2, 4, ….
import type { LayerSpec, MlpSpec } from "../protocol/experiment";
import { ref } from "../protocol/fragment";
import { defineModel } from "./define";
import { startKeys } from "./shared";

export const mlp = defineModel("mlp", {
  flat: true,
  spec: {
    about: "Dense layers with an activation between.",
    required: ["hidden"],
    properties: {
      hidden: ref("hidden"),
      activation: ref("activation", { default: "relu" }),
      bias: {
        type: "boolean",
        default: true,
        description: "Whether dense and convolution layers add a bias.",
      },
      ...startKeys,
    },
    snippets: [{ label: "mlp", body: { kind: "mlp", hidden: ["^${1:100}"], activation: "${2:tanh}" } }],
  },
  layers: perceptron,
});

/** The layers of a perceptron with `outputs` outputs. */
export function perceptron(
  { hidden, activation, bias }: Pick<MlpSpec, "hidden" | "activation" | "bias">,
  outputs: number,
): LayerSpec[] {
  return [
    ...hidden.flatMap((units): LayerSpec[] => [{ dense: { units, bias } }, activation]),
    { dense: { units: outputs, bias } },
  ];
}
