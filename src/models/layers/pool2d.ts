// Average and maximum pooling over square windows, torch.nn.AvgPool2d and MaxPool2d, and the mean over all positions.
import type { Node } from "../../graph/node";
import { maxAlong, mul, reshape, slid, sum } from "../../graph/ops";
import type { Scope } from "../scope";
import { asImage } from "./conv2d";
import { defineLayer } from "./layer";
import { patches } from "./patches";

export interface PoolOptions {
  readonly kernel: number;
  /** Default: the kernel, so that windows do not overlap. */
  readonly stride?: number;
}

function windowsOf(input: Node, { kernel, stride = kernel }: PoolOptions, scope: Scope, what: string): Node {
  const x = asImage(input, scope, what);
  const [, , height, width] = x.shape;
  if (slid(Math.min(height, width), kernel, { stride, padding: 0 }) < 1)
    throw scope.error(
      `${what}: a window of ${kernel} does not fit an image of ${height} × ${width}.`,
      "Use a smaller window.",
    );
  return patches(x, kernel, { stride, padding: 0 });
}

const dropWindow = (x: Node): Node => reshape(x, [x.shape[0], x.shape[1], x.shape[3], x.shape[4]]);

export const avgPool2d = defineLayer<PoolOptions>((x, options, scope) => {
  const windows = windowsOf(x, options, scope, "avgPool2d");
  return mul(dropWindow(sum(windows, [2])), 1 / windows.shape[2]);
});

/** Where the maximum is not unique the derivative goes to the first largest entry, as in PyTorch. */
export const maxPool2d = defineLayer<PoolOptions>((x, options, scope) =>
  dropWindow(maxAlong(windowsOf(x, options, scope, "maxPool2d"), 2)),
);

/** torch.nn.AdaptiveAvgPool2d(1): the mean over height and width, [n, c, 1, 1]. */
export const globalAvgPool2d = defineLayer<null>((input, _options, scope) => {
  const x = asImage(input, scope, "globalAvgPool2d");
  return mul(sum(x, [2, 3]), 1 / (x.shape[2] * x.shape[3]));
});
