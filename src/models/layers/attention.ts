// Multi-head self-attention, torch.nn.MultiheadAttention(width, heads, batch_first=True) applied to one sequence.
import type { Node } from "../../graph/node";
import { add, concat, matmul, mul, reshape, slice, softmax, sum, transpose } from "../../graph/ops";
import type { SelfAttentionOptions } from "../../protocol/experiment";
import { constantInit } from "../initialize";
import { exampleShape, type Scope } from "../scope";
import { defineLayer } from "./layer";

/** What is added where a position must not look: exp of it is zero in float32, and finite, so that 0·∞ never arises. */
const hidden = -1e9;

/** softmax(QKᵀ/√(width/heads)) V per head, heads joined, then a dense layer. Names as PyTorch's: in_proj_weight, out_proj.weight. */
export const selfAttention = defineLayer<SelfAttentionOptions>(
  {
    about: "torch.nn.MultiheadAttention of a sequence with itself.",
    options: {
      type: "object",
      required: ["heads"],
      additionalProperties: false,
      properties: {
        heads: {
          type: "integer",
          minimum: 1,
          maximum: 1000,
          description: "Number of heads; they divide the width.",
        },
        causal: {
          type: "boolean",
          default: false,
          description: "Whether a position sees itself and those before it only.",
        },
      },
    },
  },
  (x, { heads, causal = false }, scope) => {
    if (x.shape.length !== 3)
      throw scope.error(
        `selfAttention wants sequences [length, width]; its input has shape ${exampleShape(x)}.`,
        "Put it after embedding.",
      );
    const [n, length, width] = x.shape;
    if (width % heads !== 0)
      throw scope.error(
        `selfAttention: ${heads} heads do not divide the width ${width}.`,
        "Choose a number of heads that does.",
      );
    const joint = projection(
      x,
      3 * width,
      { weight: "in_proj_weight", bias: "in_proj_bias", bound: Math.sqrt(6 / (4 * width)) },
      scope,
    );
    const size = width / heads;
    const head = (i: number): Node =>
      reshape(transpose(reshape(slice(joint, 2, i * width, width), [n, length, heads, size]), [0, 2, 1, 3]), [
        n * heads,
        length,
        size,
      ]);
    const [q, k, v] = [head(0), head(1), head(2)];
    const scores = mul(matmul(q, k, { tb: true }), 1 / Math.sqrt(size));
    const seen = softmax(causal ? add(scores, futureOf(scores)) : scores);
    const mixed = reshape(matmul(seen, v), [n, heads, length, size]);
    const together = reshape(transpose(mixed, [0, 2, 1, 3]), [n, length, width]);
    return projection(
      together,
      width,
      { weight: "out_proj.weight", bias: "out_proj.bias", bound: 1 / Math.sqrt(width) },
      scope,
    );
  },
);

/** A dense layer over [n, T, in]; PyTorch starts the weights uniform in ±bound and the biases at zero. */
function projection(
  x: Node,
  out: number,
  start: { readonly weight: string; readonly bias: string; readonly bound: number },
  scope: Scope,
): Node {
  const [n, length, width] = x.shape;
  const weight = scope.parameter(start.weight, [out, width], { kind: "uniform", scale: start.bound });
  const bias = scope.parameter(start.bias, [out], constantInit(0));
  const product = matmul(reshape(x, [n * length, width]), weight, { tb: true });
  const output = reshape(add(product, bias), [n, length, out]);
  scope.tap({
    output,
    perExample: (delta) =>
      concat(
        [reshape(matmul(delta, x, { ta: true }), [n, out * width]), reshape(sum(delta, [1]), [n, out])],
        1,
      ),
  });
  return output;
}

/** [1, T, T] of `hidden` above the diagonal, built row by row from constants. */
function futureOf(scores: Node): Node {
  const { graph } = scores;
  const length = scores.shape[1];
  const rows = Array.from({ length }, (_, i) => {
    const past = graph.constant(0, [1, 1, i + 1]);
    const future = length - i - 1;
    return future === 0 ? past : concat([past, graph.constant(hidden, [1, 1, future])], 2);
  });
  return concat(rows, 1);
}
