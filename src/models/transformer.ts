// Small transformer: an encoder that classifies a sequence, or a causal decoder that predicts the token after it.
import type { LayerSpec, TransformerSpec } from "../protocol/experiment";
import { ref } from "../protocol/fragment";
import { defineModel } from "./define";
import { startKeys } from "./shared";

export const transformer = defineModel("transformer", {
  spec: {
    about: "Small transformer over sequences of tokens: encoder, or causal decoder.",
    required: ["vocabulary"],
    properties: {
      vocabulary: {
        type: "integer",
        minimum: 1,
        maximum: 1000000,
        description: "Number of tokens; the data holds them as whole numbers from 0.",
      },
      width: {
        type: "integer",
        minimum: 1,
        maximum: 100000,
        default: 32,
        description: "Width of the vectors that stand for tokens.",
      },
      depth: {
        type: "integer",
        minimum: 1,
        maximum: 1000,
        default: 2,
        description: "Number of blocks of attention and perceptron.",
      },
      heads: {
        type: "integer",
        minimum: 1,
        maximum: 1000,
        default: 4,
        description: "Attention heads; they divide the width.",
      },
      causal: {
        type: "boolean",
        default: false,
        description:
          "A decoder: each position sees those before it, and the last one predicts. Otherwise an encoder, whose mean over the positions predicts.",
      },
      activation: ref("activation", { default: "gelu" }),
      dropout: ref("dropout", { default: 0 }),
      ...startKeys,
    },
  },
  layers: blocks,
});

/**
 * Normalization before each sub-layer, four times the width inside the perceptron.
 * @source Vaswani et al., NeurIPS 2017; pre-norm as Xiong et al., ICML 2020.
 */
function blocks({
  vocabulary,
  width,
  depth,
  heads,
  causal,
  activation,
  dropout,
}: TransformerSpec): LayerSpec[] {
  const dropped: LayerSpec[] = dropout > 0 ? [{ dropout }] : [];
  const block: LayerSpec[] = [
    { residual: ["layerNorm", { selfAttention: { heads, causal } }, ...dropped] },
    { residual: ["layerNorm", { dense: 4 * width }, activation, { dense: width }, ...dropped] },
  ];
  return [
    { embedding: { vocabulary, width } },
    "positions",
    ...Array.from({ length: depth }, () => block).flat(),
    "layerNorm",
    causal ? "lastPosition" : "meanPool",
    "dense",
  ];
}
