// Keys that several models have.
import type { SchemaNode } from "../protocol/experimentSchema";
import { ref } from "../protocol/fragment";

/** What the keys mean, by the name they are referred to. */
export const modelDefinitions: Readonly<Record<string, SchemaNode>> = {
  initialization: {
    enum: ["pytorch", "he", "lecun", "xavier", "mup"],
    enumDescriptions: [
      "PyTorch's default of each layer.",
      "Normal, variance 2/fanIn (He et al. 2015).",
      "Normal, variance 1/fanIn (LeCun et al. 1998).",
      "Uniform, variance 2/(fanIn + fanOut) (Glorot & Bengio 2010).",
      "Normal, variance 1/fanIn, 1/fanIn² in the last layer (Yang & Hu 2021).",
    ],
    description:
      'How the weights start; default "pytorch". All but "pytorch" start biases at zero. "mup" is the initialization alone, without muP\'s learning rates per layer.',
  },
  weights: ref("path", {
    markdownDescription:
      "A safetensors file to start from, named as PyTorch's `nn.Sequential` names its parameters (`0.weight` [out, in], `0.bias`, `2.weight`, …). Default: a fresh initialization from the seed.",
  }),
  names: {
    type: "object",
    additionalProperties: { type: "string", minLength: 1 },
    markdownDescription:
      'Names in the weights file where they are not this model\'s: its own name → the file\'s, such as `{ "0.weight": "fc1.weight" }`. Without it names are matched by order and shape where that is unambiguous.',
    examples: [{ "0.weight": "fc1.weight", "0.bias": "fc1.bias" }],
  },
  hidden: {
    type: "array",
    maxItems: 1000,
    items: { type: "integer", minimum: 1, maximum: 1000000 },
    description: "Widths of the hidden layers, input side first; [] is a linear model.",
    examples: [[100], [200, 200]],
  },
  dropout: {
    type: "number",
    minimum: 0,
    exclusiveMaximum: 1,
    description: "Share of entries set to zero while training; off while probing.",
  },
  layers: {
    type: "array",
    minItems: 1,
    maxItems: 1000,
    items: ref("layer"),
    markdownDescription:
      'Layers in order, each a name or `{ name: options }`. Each takes an index in the names of its parameters, as in `nn.Sequential`. A last `"dense"` takes its width from the data.',
    examples: [[{ conv2d: { filters: 8, kernel: 3 } }, "tanh", { avgPool2d: 2 }, "flatten", { dense: 10 }]],
  },
  layerWidth: { type: "integer", minimum: 1, maximum: 1000000 },
};

/** How the parameters start. */
export const startKeys: Readonly<Record<string, SchemaNode>> = {
  initialization: ref("initialization"),
  weights: ref("weights"),
  names: ref("names"),
};
