// Deep linear network: the perceptron without activations.
import { ref } from "../protocol/fragment";
import { defineModel } from "./define";
import { perceptron } from "./mlp";
import { startKeys } from "./shared";

export const deepLinear = defineModel("deepLinear", {
  flat: true,
  spec: {
    about: "Dense layers without activations.",
    required: ["hidden"],
    properties: {
      hidden: ref("hidden"),
      bias: { type: "boolean", default: false, description: "Whether dense layers add a bias." },
      ...startKeys,
    },
  },
  layers: (spec, outputs) => perceptron({ ...spec, activation: "linear" }, outputs),
});
