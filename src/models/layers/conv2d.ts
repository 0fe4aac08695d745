// Convolution layer, torch.nn.Conv2d: weight [filters, channels/groups, kernel, kernel].
import type { Node } from "../../graph/node";
import { add, concat, conv, matmul, reshape, slid, slice, sum, type Window } from "../../graph/ops";
import type { Conv2dOptions } from "../../protocol/experiment";
import type { SchemaNode } from "../../protocol/experimentSchema";
import { ref } from "../../protocol/fragment";
import { linearInit } from "../initialize";
import { exampleShape, type Scope } from "../scope";
import { windowsOf } from "./patches";
import { defineLayer } from "./layer";

/** An image [n, h, w] without a channel axis gets one. */
export function asImage(x: Node, scope: Scope, what: string): Node {
  if (x.shape.length === 4) return x;
  if (x.shape.length === 3) return reshape(x, [x.shape[0], 1, x.shape[1], x.shape[2]]);
  throw scope.error(
    `${what} wants images [channels, height, width]; its input has shape ${exampleShape(x)}.`,
    "Put it before flatten and dense layers, and use data whose examples are images.",
  );
}

/** A length in pixels, as the schema says it. */
export const pixels = (more: Omit<SchemaNode, "type"> = {}): SchemaNode => ({
  type: "integer",
  minimum: 1,
  maximum: 1000,
  ...more,
});

export const kernelSize = pixels({ description: "Height and width of the window." });

export const conv2d = defineLayer<Conv2dOptions>(
  {
    about: "torch.nn.Conv2d with square windows.",
    options: {
      type: "object",
      required: ["filters", "kernel"],
      additionalProperties: false,
      properties: {
        filters: ref("layerWidth", { description: "Number of output channels." }),
        kernel: kernelSize,
        stride: pixels({ default: 1, description: "Step from one window to the next." }),
        padding: {
          anyOf: [{ type: "integer", minimum: 0, maximum: 1000 }, { const: "same" }],
          default: 0,
          description: 'Zeros on every side; "same" keeps the size at stride 1.',
        },
        groups: {
          type: "integer",
          minimum: 1,
          maximum: 1000000,
          default: 1,
          description: "Independent groups of channels.",
        },
        bias: { type: "boolean", default: true, description: "Whether it adds a bias." },
      },
    },
  },
  (input, options, scope) => {
    const { filters, kernel, stride = 1, groups = 1, bias = true } = options;
    const x = asImage(input, scope, "conv2d");
    const padding = options.padding === "same" ? (kernel - 1) / 2 : (options.padding ?? 0);
    const [n, channels, height, width] = x.shape;
    if (channels % groups !== 0 || filters % groups !== 0)
      throw scope.error(
        `conv2d: ${groups} groups do not divide ${channels} input channels and ${filters} filters.`,
        "Choose groups that divide both.",
      );
    const [h, w] = [height, width].map((size) => slid(size, kernel, { stride, padding }));
    if (!Number.isInteger(padding) || h < 1 || w < 1)
      throw scope.error(
        `conv2d: a kernel of ${kernel} with padding ${padding} does not fit an image of ${height} × ${width}.`,
        'Use a smaller kernel, or more padding ("same" needs an odd kernel).',
      );
    const fanIn = (channels / groups) * kernel * kernel;
    const fanOut = (filters / groups) * kernel * kernel;
    const shape = [filters, channels / groups, kernel, kernel];
    const weight = scope.parameter("weight", shape, linearInit("weight", fanIn, fanOut));
    const window = { stride, padding, groups };
    let output = conv(x, weight, window);
    if (bias) {
      const shift = scope.parameter("bias", [filters], linearInit("bias", fanIn, fanOut));
      output = add(output, reshape(shift, [1, filters, 1, 1]));
    }
    scope.tap({
      output,
      perExample: (delta) => {
        const own = filterPerExample(x, delta, kernel, window);
        return bias ? concat([own, reshape(sum(delta, [2, 3]), [n, filters])], 1) : own;
      },
    });
    return output;
  },
);

/**
 * Gradients of a filter [o, c/groups, kernel, kernel] of every example by itself, flattened: [n, size]. Per example and group
 * it is Σ over positions of δ patchᵀ.
 */
export function filterPerExample(
  x: Node,
  delta: Node,
  kernel: number,
  { stride, padding, groups }: Window,
): Node {
  const columns = windowsOf(x, kernel, { stride, padding });
  const [n, filters, h, w] = delta.shape;
  const [per, out] = [x.shape[1] / groups, filters / groups];
  const size = per * kernel * kernel;
  const parts = Array.from({ length: groups }, (_, g) => {
    const d = reshape(slice(delta, 1, g * out, out), [n, out, h * w]);
    const own = reshape(slice(columns, 1, g * size, size), [n, size, h * w]);
    return reshape(matmul(d, own, { tb: true }), [n, out * size]);
  });
  return concat(parts, 1);
}
