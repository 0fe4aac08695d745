// Small transformer: an encoder that classifies a sequence, or a causal decoder that predicts the token after it.
import type { LayerSpec, TransformerSpec } from "../protocol/experiment";

/**
 * Normalization before each sub-layer, four times the width inside the perceptron.
 * @source Vaswani et al., NeurIPS 2017; pre-norm as Xiong et al., ICML 2020.
 */
export function transformer({
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
