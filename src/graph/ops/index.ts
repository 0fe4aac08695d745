// The op registry: one line a family. Sweep tests, engines and docs derive from it.
import type { AnyOp } from "../node";
import { arithmeticOps } from "./arithmetic";
import { convOps } from "./conv";
import { elementwiseOps } from "./elementwise";
import { matmulOps } from "./matmul";
import { rearrangeOps } from "./rearrange";
import { selectOps } from "./select";
import { shapeOps } from "./shape";
import { softmaxOps } from "./softmax";

export const ops: readonly AnyOp[] = [
  ...arithmeticOps,
  ...shapeOps,
  ...rearrangeOps,
  ...matmulOps,
  ...convOps,
  ...elementwiseOps,
  ...softmaxOps,
  ...selectOps,
];

export { add, sub, mul, div, neg, broadcastShape } from "./arithmetic";
export { sum, broadcastTo, reshape } from "./shape";
export { transpose, slice, pad, concat } from "./rearrange";
export { matmul } from "./matmul";
export { conv, slid, widestWindow, type Window } from "./conv";
export { hoisted, sideBySide } from "./hoist";
export { oneHot, maxAlong, windowMax } from "./select";
export { exp, log, reciprocal, sqrt, tanh, sigmoid, softplus, erf, step, relu, gelu } from "./elementwise";
export { softmax, logSumExp, softmaxRest, logOnePlusSumExp } from "./softmax";
export { dot, sumLast, mean } from "./derived";
