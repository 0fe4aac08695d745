// Softmax and log-sum-exp over the last axis, computed by the engines without overflow.
import type { OnnxEmitter } from "../lowering";
import { sizeOf, type Node, type Op } from "../node";
import { add, mul, sub } from "./arithmetic";
import { exp, step } from "./elementwise";
import { oneHotMax } from "./select";
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

/** The largest entry and Σ exp(x − largest): no overflow. `beside` is one entry more. */
function exponentials(row: Float32Array, beside = -Infinity): { top: number; total: number } {
  const top = row.reduce((a, b) => Math.max(a, b), beside);
  const first = beside === -Infinity ? 0 : Math.exp(beside - top);
  return { top, total: row.reduce((sum, value) => sum + Math.exp(value - top), first) };
}

/**
 * y ∘ (ȳ − ⟨ȳ, y⟩) row by row. Where one probability is nearly 1 the difference at it is lost in rounding: ȳ is taken relative to its value
 * there, at the entry that `mask` marks, and y lacks `rest` to be 1.
 */
function softmaxDerivative(ct: Node, out: Node, mask: Node, rest: Node | null): Node {
  const top = sum(mul(ct, mask), [last(out)]);
  const relative = sub(ct, top);
  const centred = sub(relative, sum(mul(relative, out), [last(out)]));
  return mul(out, rest ? add(centred, mul(top, rest)) : centred);
}

const softmaxOp: Op = {
  name: "softmax",
  shape: ([x]) => x,
  // x̄ = y ∘ (ȳ − ⟨ȳ, y⟩) row by row
  vjp: ({ ct, out, inputs: [x] }) => [
    x.graph.careful
      ? softmaxDerivative(ct, out, oneHotMax(x, last(x)), null)
      : mul(out, sub(ct, sum(mul(ct, out), [last(out)]))),
  ],
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
};

/** log Σ exp over the last axis, which stays with length 1. */
const logSumExpOp: Op = {
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
};

/**
 * e^x / (1 + Σ e^x) over the last axis: softmax beside one more entry, 0, that is left out. What is left is never formed as a difference,
 * so small probabilities keep their digits.
 */
const softmaxRestOp: Op = {
  name: "softmaxRest",
  shape: ([x]) => x,
  // The entry left out is the largest where no other is above 0.
  vjp: ({ ct, out, inputs: [x] }) => [
    softmaxDerivative(ct, out, mul(oneHotMax(x, last(x)), step(x)), exp(mul(logOnePlusSumExp(x), -1))),
  ],
  onnx: (emit, [x], { shape }) => {
    const [size, axis] = [shape[shape.length - 1], shape.length - 1];
    const one = [...shape.slice(0, -1), 1];
    const beside = emit.node("Concat", [x, emit.floats(new Float32Array(sizeOf(one)), one)], { axis });
    const all = emit.node("Softmax", [beside], { axis: -1 });
    return emit.node("Slice", [all, emit.ints([0]), emit.ints([size]), emit.ints([axis])]);
  },
  tf: (tf, [x], { shape }) => {
    const one = [...shape.slice(0, -1), 1];
    const beside = tf.concat([x, tf.tensor(new Float32Array(sizeOf(one)), one)], shape.length - 1);
    return tf.slice(
      tf.softmax(beside),
      shape.map(() => 0),
      [...shape],
    );
  },
  kernel: (emit, [x], node) =>
    emit.plain(x, node.shape, (values, out) =>
      eachRow(values, x.shape, (row, i) => {
        const { top, total } = exponentials(row, 0);
        row.forEach((value, k) => (out[i * row.length + k] = Math.exp(value - top) / total));
      }),
    ),
  samples: [{ shapes: [[3, 4]] }, { shapes: [[2, 3]], range: [-30, -10] }],
};

/** artanh u = u + u³/3 + … + u¹⁵/15 for 0 ≤ u ≤ 1/3, to 1.5e-9 of it. WebGPU's Atanh is (log(1 + u) − log(1 − u))/2, which loses a small u's digits. */
function artanhOnnx(emit: OnnxEmitter, u: string): string {
  const square = emit.node("Mul", [u, u]);
  const sum = [13, 11, 9, 7, 5, 3, 1].reduce(
    (higher, k) => emit.node("Add", [emit.node("Mul", [higher, square]), emit.floats([1 / k], [])]),
    emit.floats([1 / 15], []),
  );
  return emit.node("Mul", [u, sum]);
}

/** log(1 + Σ e^x) over the last axis, which stays with length 1; Σ e^x itself where that is small. */
const logOnePlusSumExpOp: Op = {
  name: "logOnePlusSumExp",
  shape: ([x]) => [...x.slice(0, -1), 1],
  vjp: ({ ct, inputs: [x] }) => [mul(softmaxRest(x), ct)],
  // With s = log Σ e^x: max(s, 0) + log(1 + t), t = e^−|s|, and log(1 + t) = 2 artanh(t/(2 + t)), which keeps the digits of a small t.
  onnx: (emit, [x], { shape }) => {
    const number = (value: number): string => emit.floats([value], []);
    const s = emit.node("ReduceLogSumExp", [x, emit.ints([shape.length - 1])], { keepdims: 1 });
    const t = emit.node("Exp", [emit.node("Neg", [emit.node("Abs", [s])])]);
    const u = emit.node("Div", [t, emit.node("Add", [t, number(2)])]);
    const half = emit.portable ? artanhOnnx(emit, u) : emit.node("Atanh", [u]);
    return emit.node("Add", [emit.node("Relu", [s]), emit.node("Mul", [half, number(2)])]);
  },
  tf: (tf, [x], { shape }) => tf.softplus(tf.logSumExp(x, [shape.length - 1], true)),
  kernel: (emit, [x], node) =>
    emit.plain(x, node.shape, (values, out) =>
      eachRow(values, x.shape, (row, i) => {
        const { top, total } = exponentials(row, 0);
        const small = row.reduce((sum, value) => sum + Math.exp(value), 0);
        out[i] = top === 0 ? Math.log1p(small) : top + Math.log(total);
      }),
    ),
  samples: [
    { shapes: [[3, 4]] },
    { shapes: [[2, 3]], range: [-100, 100] },
    { shapes: [[2, 3]], range: [-30, -10] },
  ],
};

export const softmax = (x: Node): Node => x.graph.make(softmaxOp, [x]);
export const logSumExp = (x: Node): Node => x.graph.make(logSumExpOp, [x]);

export const softmaxRest = (x: Node): Node => x.graph.make(softmaxRestOp, [x]);
export const logOnePlusSumExp = (x: Node): Node => x.graph.make(logOnePlusSumExpOp, [x]);

export const softmaxOps = [softmaxOp, logSumExpOp, softmaxRestOp, logOnePlusSumExpOp] as const;
