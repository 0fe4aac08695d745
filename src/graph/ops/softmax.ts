// Softmax and log-sum-exp over the last axis, computed by the engines without overflow.
import { defineOp, type Node, type Op } from "../node";
import { mul, sub } from "./arithmetic";
import { sum } from "./shape";

const last = (x: Node): number => x.shape.length - 1;

/** Calls `f` with every row of the last axis. */
function eachRow(
  values: Float32Array,
  shape: readonly number[],
  f: (row: Float32Array, i: number) => void,
): void {
  const size = shape[shape.length - 1];
  for (let i = 0; i * size < values.length; i++) f(values.subarray(i * size, (i + 1) * size), i);
}

/** The largest entry and Σ exp(x − largest): no overflow. */
function exponentials(row: Float32Array): { top: number; total: number } {
  const top = row.reduce((a, b) => Math.max(a, b), -Infinity);
  return { top, total: row.reduce((sum, value) => sum + Math.exp(value - top), 0) };
}

const softmaxOp: Op = defineOp({
  name: "softmax",
  shape: ([x]) => x,
  // x̄ = y ∘ (ȳ − ⟨ȳ, y⟩) row by row
  vjp: ({ ct, out }) => [mul(out, sub(ct, sum(mul(ct, out), [last(out)])))],
  onnx: (emit, [x]) => emit.node("Softmax", [x], { axis: -1 }),
  tf: (tf, [x]) => tf.softmax(x),
  kernel: (emit, [x], node) =>
    emit.plain(x, node.shape, (values, out) =>
      eachRow(values, x.shape, (row, i) => {
        const { top, total } = exponentials(row);
        row.forEach((value, k) => (out[i * row.length + k] = Math.exp(value - top) / total));
      }),
    ),
  samples: [{ shapes: [[3, 4]] }],
});

/** log Σ exp over the last axis, which stays with length 1. */
const logSumExpOp: Op = defineOp({
  name: "logSumExp",
  shape: ([x]) => [...x.slice(0, -1), 1],
  vjp: ({ ct, inputs: [x] }) => [mul(softmax(x), ct)],
  onnx: (emit, [x], node) =>
    emit.node("ReduceLogSumExp", [x, emit.ints([node.shape.length - 1])], { keepdims: 1 }),
  tf: (tf, [x], node) => tf.logSumExp(x, [node.shape.length - 1], true),
  kernel: (emit, [x], node) =>
    emit.plain(x, node.shape, (values, out) =>
      eachRow(values, x.shape, (row, i) => {
        const { top, total } = exponentials(row);
        out[i] = top + Math.log(total);
      }),
    ),
  samples: [{ shapes: [[3, 4]] }, { shapes: [[2, 3]], range: [-100, 100] }],
});

export const softmax = (x: Node): Node => x.graph.make(softmaxOp, [x]);
export const logSumExp = (x: Node): Node => x.graph.make(logSumExpOp, [x]);

export const softmaxOps = [softmaxOp, logSumExpOp] as const;
