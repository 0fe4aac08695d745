// The op registry: one line a family. Sweep tests, engines and docs derive from it.
import { arithmeticOps } from "./arithmetic";
import { elementwiseOps } from "./elementwise";
import { matmulOps } from "./matmul";
import { shapeOps } from "./shape";
import { softmaxOps } from "./softmax";

export const ops = [...arithmeticOps, ...shapeOps, ...matmulOps, ...elementwiseOps, ...softmaxOps] as const;

export { add, sub, mul, div, neg } from "./arithmetic";
export { sum, broadcastTo, reshape, sumTo } from "./shape";
export { matmul } from "./matmul";
export { exp, log, reciprocal, sqrt, tanh, sigmoid, softplus, erf, step, relu, gelu } from "./elementwise";
export { softmax, logSumExp } from "./softmax";
export { dot, sumLast, mean } from "./derived";
