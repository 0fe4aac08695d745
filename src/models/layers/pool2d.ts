// Average and maximum pooling over square windows, torch.nn.AvgPool2d and MaxPool2d, and the mean over all positions.
import type { Node } from "../../graph/node";
import { matmul, maxAlong, mul, reshape, slice, slid, sum, windowMax } from "../../graph/ops";
import type { AvgPool2dOptions, MaxPool2dOptions } from "../../protocol/experiment";
import type { SchemaNode } from "../../protocol/experimentSchema";
import type { Scope } from "../scope";
import { asImage, kernelSize, pixels } from "./conv2d";
import { defineLayer } from "./layer";
import { patches } from "./patches";

type PoolOptions = AvgPool2dOptions | MaxPool2dOptions;

const window: SchemaNode = {
  anyOf: [
    pixels(),
    {
      type: "object",
      required: ["kernel"],
      additionalProperties: false,
      properties: {
        kernel: kernelSize,
        stride: pixels({
          description:
            "Step from one window to the next; default: the kernel, so that windows do not overlap.",
        }),
      },
    },
  ],
};

/** The image and its window, once they fit. */
function windowOf(input: Node, options: PoolOptions, scope: Scope, what: string) {
  const { kernel, stride = kernel } = typeof options === "number" ? { kernel: options } : options;
  const x = asImage(input, scope, what);
  const [n, c, height, width] = x.shape;
  const [h, w] = [height, width].map((size) => slid(size, kernel, { stride, padding: 0 }));
  if (h < 1 || w < 1)
    throw scope.error(
      `${what}: a window of ${kernel} does not fit an image of ${height} × ${width}.`,
      "Use a smaller window.",
    );
  return { x, kernel, stride, shape: [n, c, h, w] as const };
}

/** Windows that do not overlap as axes 3 and 5 of a reshape, [n, c, h, k, w, k]: no number moves. */
function split(x: Node, kernel: number, [n, c, h, w]: Shape4): Node {
  const cut = slice(slice(x, 2, 0, h * kernel), 3, 0, w * kernel);
  return reshape(cut, [n, c, h, kernel, w, kernel]);
}

/** Width of an image up to which its windows are summed by one matrix product, whose work grows with the width. */
const widest = 64;

type Shape4 = readonly [n: number, c: number, h: number, w: number];

/**
 * Sums over windows that do not overlap, [n, c, h, w] of x [n, c, h·k, w·k], as a product of its rows of windows with a matrix [k·w·k, w] of
 * 1 and 0. Its transposes spread a number over a window: as sums and broadcasts over axes of length k those take longer than the
 * convolutions beside them.
 */
function windowSums(x: Node, kernel: number, shape: Shape4): Node {
  const [n, c, h, w] = shape;
  if (w * kernel > widest) return reshape(sum(split(x, kernel, shape), [3, 5]), shape);
  const rows = reshape(slice(slice(x, 2, 0, h * kernel), 3, 0, w * kernel), [n * c * h, kernel * w * kernel]);
  const ones = new Float32Array(kernel * w * kernel * w);
  for (let i = 0; i < kernel * w * kernel; i++) ones[i * w + (Math.floor(i / kernel) % w)] = 1;
  return reshape(matmul(rows, x.graph.fixed(ones, [kernel * w * kernel, w])), shape);
}

export const avgPool2d = defineLayer<AvgPool2dOptions>(
  {
    about: "torch.nn.AvgPool2d: its window, or { kernel, stride }.",
    options: window,
  },
  (input, options, scope) => {
    const { x, kernel, stride, shape } = windowOf(input, options, scope, "avgPool2d");
    const total =
      kernel === stride ? windowSums(x, kernel, shape) : sum(patches(x, kernel, { stride, padding: 0 }), [2]);
    return mul(reshape(total, shape), 1 / (kernel * kernel));
  },
);

/**
 * Where the maximum is not unique the derivative goes to the first largest entry in reading order, as in PyTorch: the first
 * row that has it, and there the first column.
 */
export const maxPool2d = defineLayer<MaxPool2dOptions>(
  {
    about: "torch.nn.MaxPool2d: its window, or { kernel, stride }.",
    options: window,
  },
  (input, options, scope) => {
    const { x, kernel, stride, shape } = windowOf(input, options, scope, "maxPool2d");
    if (kernel === stride) return windowSums(mul(windowMax(x, kernel), x), kernel, shape);
    return reshape(maxAlong(patches(x, kernel, { stride, padding: 0 }), 2), shape);
  },
);

/** torch.nn.AdaptiveAvgPool2d(1): the mean over height and width, [n, c, 1, 1]. */
export const globalAvgPool2d = defineLayer<null>(
  { about: "torch.nn.AdaptiveAvgPool2d(1): the mean of each channel.", bare: true },
  (input, _options, scope) => {
    const x = asImage(input, scope, "globalAvgPool2d");
    return mul(sum(x, [2, 3]), 1 / (x.shape[2] * x.shape[3]));
  },
);
