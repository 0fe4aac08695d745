// Dense layer, torch.nn.Linear: z = a Wᵀ + b over the last axis, at every position where there are several.
import { inputOp, sizeOf, type Node } from "../../graph/node";
import { add, concat, matmul, reshape, sum } from "../../graph/ops";
import type { DenseOptions } from "../../protocol/experiment";
import { ref } from "../../protocol/fragment";
import { linearInit } from "../initialize";
import type { Scope } from "../scope";
import { defineLayer } from "./layer";

/** Applies a dense layer whose parameters are named `weight` and `bias` in `scope`. */
function denseOn(a: Node, { units, bias = true }: Exclude<DenseOptions, number>, scope: Scope): Node {
  const width = a.shape[a.shape.length - 1];
  const weight = scope.parameter("weight", [units, width], linearInit("weight", width, units));
  const shift = bias ? scope.parameter("bias", [units], linearInit("bias", width, units)) : null;
  const flat = reshape(a, [sizeOf(a.shape) / width, width]);
  const product = matmul(flat, weight, { tb: true });
  const firstOfAll = scope.build.nodes.length === (bias ? 2 : 1);
  const output = reshape(shift ? add(product, shift) : product, [...a.shape.slice(0, -1), units]);
  if (firstOfAll && a.shape.length === 2 && isInput(a)) scope.build.first = { weight: 0, output };
  scope.tap(a.shape.length === 2 ? denseTap(a, output, bias) : positionsTap(a, output, bias));
  return output;
}

/** Whether a node is the examples themselves, only reshaped. */
const isInput = (node: Node): boolean =>
  node.op === inputOp || (node.op.name === "reshape" && isInput(node.inputs[0]));

const denseTap = (input: Node, output: Node, bias: boolean) => ({
  output,
  perExample: (delta: Node) => outer(delta, input, bias),
  dense: { input, bias },
});

/** δaᵀ and δ of every example, flattened: [n, out·in (+ out)]. */
function outer(delta: Node, input: Node, bias: boolean): Node {
  const [n, out] = delta.shape;
  const width = input.shape[1];
  const weight = reshape(matmul(reshape(delta, [n, out, 1]), reshape(input, [n, 1, width])), [
    n,
    out * width,
  ]);
  return bias ? concat([weight, delta], 1) : weight;
}

/** Several positions share the weight: an example's gradient is Σ_t δ_t a_tᵀ. */
const positionsTap = (a: Node, output: Node, bias: boolean) => ({
  output,
  perExample: (delta: Node) => {
    const n = a.shape[0];
    const width = a.shape[a.shape.length - 1];
    const out = output.shape[output.shape.length - 1];
    const d = reshape(delta, [n, sizeOf(delta.shape) / n / out, out]);
    const weight = reshape(matmul(d, reshape(a, [n, sizeOf(a.shape) / n / width, width]), { ta: true }), [
      n,
      out * width,
    ]);
    return bias ? concat([weight, reshape(sum(d, [1]), [n, out])], 1) : weight;
  },
});

export const dense = defineLayer<DenseOptions | null>(
  {
    about: "torch.nn.Linear: its width, or { units, bias }; by its name alone, as wide as the data asks for.",
    bare: true,
    options: {
      anyOf: [
        ref("layerWidth"),
        {
          type: "object",
          required: ["units"],
          additionalProperties: false,
          properties: {
            units: ref("layerWidth", { description: "Width of the layer." }),
            bias: { type: "boolean", default: true, description: "Whether it adds a bias." },
          },
        },
      ],
    },
  },
  (x, options, scope) => {
    const given = options ?? scope.build.outputs;
    return denseOn(x, typeof given === "number" ? { units: given } : given, scope);
  },
);
