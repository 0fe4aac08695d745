// Ops that only move numbers: transpose, slice and its transpose pad. Concatenation is a sum of pads.
import { constantOf, hasOp, sameShape, type Node, type Op } from "../node";
import { add } from "./arithmetic";

/** Axes in the order `perm`: out axis i is axis perm[i] of x. */
const transposeOp: Op<{ readonly perm: readonly number[] }> = {
  name: "transpose",
  shape: ([x], attrs) => attrs.perm.map((axis) => x[axis]),
  simplify: (graph, [x], attrs) => {
    const { perm } = attrs;
    const value = constantOf(x);
    if (value !== null)
      return graph.constant(
        value,
        perm.map((axis) => x.shape[axis]),
      );
    if (perm.every((axis, i) => axis === i)) return x;
    if (!hasOp(x, transposeOp)) return null;
    const inner = x.attrs.perm;
    return transpose(
      x.inputs[0],
      perm.map((axis) => inner[axis]),
    );
  },
  vjp: ({ ct, attrs }) => {
    const { perm } = attrs;
    return [
      transpose(
        ct,
        perm.map((_, i) => perm.indexOf(i)),
      ),
    ];
  },
  onnx: (emit, [x], node) => emit.node("Transpose", [x], { perm: node.attrs.perm }),
  tf: (tf, [x], node) => tf.transpose(x, [...node.attrs.perm]),
  kernel: (emit, [x], node) => {
    const { perm } = node.attrs;
    return emit.rearrange(x, node.shape, (index) => perm.map((_, axis) => index[perm.indexOf(axis)]));
  },
  samples: [{ shapes: [[2, 3, 4]], attrs: { perm: [2, 0, 1] } }],
};

interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly size: number;
}

/** `size` entries from `start` along one axis. Transpose: pad with zeros. */
const sliceOp: Op<Cut> = {
  name: "slice",
  shape: ([x], attrs) => {
    const { axis, start, size } = attrs;
    if (start < 0 || start + size > x[axis])
      throw new Error(`internal: slice: ${start}…${start + size} of axis ${axis} of [${x}]`);
    return x.map((d, i) => (i === axis ? size : d));
  },
  simplify: (graph, [x], attrs) => {
    const { axis, size } = attrs;
    const value = constantOf(x);
    if (value !== null)
      return graph.constant(
        value,
        x.shape.map((d, i) => (i === axis ? size : d)),
      );
    return x.shape[axis] === size ? x : null;
  },
  vjp: ({ ct, inputs: [x], attrs }) => {
    const { axis, start, size } = attrs;
    return [pad(ct, axis, start, x.shape[axis] - start - size)];
  },
  onnx: (emit, [x], node) => {
    const { axis, start, size } = node.attrs;
    return emit.node("Slice", [x, emit.ints([start]), emit.ints([start + size]), emit.ints([axis])]);
  },
  tf: (tf, [x], node) => {
    const { axis, start } = node.attrs;
    return tf.slice(
      x,
      node.shape.map((_, i) => (i === axis ? start : 0)),
      [...node.shape],
    );
  },
  kernel: (emit, [x], node) => {
    const { axis, start } = node.attrs;
    return emit.rearrange(x, node.shape, (index) => index.map((at, i) => (i === axis ? at + start : at)));
  },
  samples: [{ shapes: [[2, 5, 3]], attrs: { axis: 1, start: 1, size: 3 } }],
};

interface Margin {
  readonly axis: number;
  readonly before: number;
  readonly after: number;
}

/** Zeros before and after along one axis. */
const padOp: Op<Margin> = {
  name: "pad",
  shape: ([x], attrs) => x.map((d, i) => (i === attrs.axis ? d + attrs.before + attrs.after : d)),
  simplify: (graph, [x], attrs) =>
    constantOf(x) === 0
      ? graph.constant(0, padOp.shape([x.shape], attrs))
      : attrs.before === 0 && attrs.after === 0
        ? x
        : null,
  vjp: ({ ct, inputs: [x], attrs }) => [slice(ct, attrs.axis, attrs.before, x.shape[attrs.axis])],
  onnx: (emit, [x], node) => {
    const { axis, before, after } = node.attrs;
    const at = (amount: number) => node.shape.map((_, i) => (i === axis ? amount : 0));
    return emit.node("Pad", [x, emit.ints([...at(before), ...at(after)])]);
  },
  tf: (tf, [x], node) => {
    const { axis, before, after } = node.attrs;
    return tf.pad(
      x,
      node.shape.map((_, i): [number, number] => (i === axis ? [before, after] : [0, 0])),
    );
  },
  kernel: (emit, [x], node) => {
    const { axis, before } = node.attrs;
    return emit.rearrange(x, node.shape, (index) => {
      const at = index[axis] - before;
      return at < 0 || at >= x.shape[axis] ? null : index.map((own, i) => (i === axis ? at : own));
    });
  },
  samples: [{ shapes: [[2, 3]], attrs: { axis: 1, before: 1, after: 2 } }],
};

export const transpose = (x: Node, perm: readonly number[]): Node =>
  x.graph.make(transposeOp, [x], { perm: [...perm] });
export const slice = (x: Node, axis: number, start: number, size: number): Node =>
  x.graph.make(sliceOp, [x], { axis, start, size });
export const pad = (x: Node, axis: number, before: number, after: number): Node =>
  x.graph.make(padOp, [x], { axis, before, after });

/** Parts side by side along `axis`. */
export function concat(parts: readonly Node[], axis: number): Node {
  const total = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  let before = 0;
  return parts
    .map((part) => {
      const padded = pad(part, axis, before, total - before - part.shape[axis]);
      before += part.shape[axis];
      return padded;
    })
    .reduce((a, b) => {
      if (!sameShape(a.shape, b.shape)) throw new Error(`internal: concat: [${a.shape}] and [${b.shape}]`);
      return add(a, b);
    });
}

export const rearrangeOps = [transposeOp, sliceOp, padOp] as const;
