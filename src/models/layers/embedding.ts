// Tokens to vectors, torch.nn.Embedding, and learned positions added to them.
import { sizeOf, type Node } from "../../graph/node";
import { add, matmul, oneHot, reshape } from "../../graph/ops";
import type { EmbeddingOptions } from "../../protocol/experiment";
import { ref } from "../../protocol/fragment";
import { exampleShape } from "../scope";
import { defineLayer } from "./layer";

/** x [n, T] of whole numbers → [n, T, width]; weight [vocabulary, width] starts as standard normal. */
export const embedding = defineLayer<EmbeddingOptions>(
  {
    about: "torch.nn.Embedding: tokens to vectors.",
    options: {
      type: "object",
      required: ["vocabulary", "width"],
      additionalProperties: false,
      properties: {
        vocabulary: ref("layerWidth", { description: "Number of tokens, from 0." }),
        width: ref("layerWidth", { description: "Width of the vectors." }),
      },
    },
  },
  (x, { vocabulary, width }, scope) => {
    if (x.shape.length !== 2)
      throw scope.error(
        `embedding wants sequences of tokens [length]; its input has shape ${exampleShape(x)}.`,
        "Put it first, and use data whose examples are rows of whole numbers.",
      );
    const [n, length] = x.shape;
    const weight = scope.parameter("weight", [vocabulary, width], { kind: "normal", scale: 1 });
    const codes = oneHot(x, vocabulary);
    const output = reshape(matmul(reshape(codes, [n * length, vocabulary]), weight), [n, length, width]);
    scope.tap({
      output,
      perExample: (delta) => reshape(matmul(codes, delta, { ta: true }), [n, vocabulary * width]),
    });
    return output;
  },
);

/** Adds a learned vector per position: weight [T, width], small normal start as in GPT-2. */
export const positions = defineLayer<null>(
  { about: "A learned vector added at each position of a sequence.", bare: true },
  (x, _options, scope) => {
    if (x.shape.length !== 3)
      throw scope.error(
        `positions wants sequences [length, width]; its input has shape ${exampleShape(x)}.`,
        "Put it after embedding.",
      );
    const weight = scope.parameter("weight", x.shape.slice(1), { kind: "normal", scale: 0.02 });
    const output = add(x, weight);
    scope.tap({ output, perExample: (delta: Node) => reshape(delta, [x.shape[0], sizeOf(weight.shape)]) });
    return output;
  },
);
