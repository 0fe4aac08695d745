// Sums over axes, broadcasting and reshaping: each is the transpose of another.
import { constantOf, sameShape, sizeOf, type Node, type Op, type Shape } from "../node";

const keptShape = (shape: Shape, axes: readonly number[]): Shape =>
  shape.map((d, i) => (axes.includes(i) ? 1 : d));

/** Sum over `axes`, which stay as axes of length 1. Transpose: broadcast. */
const sumOp: Op<{ readonly axes: readonly number[] }> = {
  name: "sum",
  shape: ([x], attrs) => keptShape(x, attrs.axes),
  simplify: (graph, [x], attrs) => {
    const { axes } = attrs;
    const value = constantOf(x);
    if (value !== null)
      return graph.constant(
        (value * sizeOf(x.shape)) / sizeOf(keptShape(x.shape, axes)),
        keptShape(x.shape, axes),
      );
    return axes.every((axis) => x.shape[axis] === 1) ? x : null;
  },
  vjp: ({ ct, inputs: [x] }) => [broadcastTo(ct, x.shape)],
  onnx: (emit, [x], node) => emit.node("ReduceSum", [x, emit.ints(node.attrs.axes)], { keepdims: 1 }),
  tf: (tf, [x], node) => tf.sum(x, [...node.attrs.axes], true),
  kernel: (emit, [x], node) => emit.sum(x, node.attrs.axes),
  samples: [
    { shapes: [[3, 4]], attrs: { axes: [0] } },
    { shapes: [[2, 3, 2]], attrs: { axes: [0, 2] } },
  ],
};

interface Target {
  readonly to: Shape;
}

const broadcastOp: Op<Target> = {
  name: "broadcast",
  shape: ([x], attrs) => {
    const shape = attrs.to;
    const offset = shape.length - x.length;
    if (offset < 0 || x.some((d, i) => d !== 1 && d !== shape[i + offset]))
      throw new Error(`internal: broadcast: [${x}] does not fit [${shape}]`);
    return shape;
  },
  simplify: (graph, [x], attrs) => {
    const value = constantOf(x);
    return value !== null ? graph.constant(value, attrs.to) : null;
  },
  vjp: ({ ct, inputs: [x] }) => [sumTo(ct, x.shape)],
  onnx: (emit, [x], node) => emit.node("Expand", [x, emit.ints(node.shape)]),
  tf: (tf, [x], node) => tf.broadcastTo(x, [...node.shape]),
  kernel: (emit, [x], node) => {
    const offset = node.shape.length - x.shape.length;
    return emit.rearrange(x, node.shape, (index) => x.shape.map((d, i) => (d === 1 ? 0 : index[i + offset])));
  },
  samples: [
    { shapes: [[1, 3]], attrs: { to: [4, 3] } },
    { shapes: [[]], attrs: { to: [2, 2] } },
  ],
};

const reshapeOp: Op<Target> = {
  name: "reshape",
  shape: ([x], attrs) => {
    const { to } = attrs;
    if (sizeOf(x) !== sizeOf(to)) throw new Error(`internal: reshape: [${x}] has not the size of [${to}]`);
    return to;
  },
  simplify: (graph, [x], attrs) => {
    const { to } = attrs;
    const value = constantOf(x);
    if (value !== null) return graph.constant(value, to);
    return x.op === reshapeOp ? reshape(x.inputs[0], to) : null;
  },
  vjp: ({ ct, inputs: [x] }) => [reshape(ct, x.shape)],
  onnx: (emit, [x], node) => emit.node("Reshape", [x, emit.ints(node.shape)]),
  tf: (tf, [x], node) => tf.reshape(x, [...node.shape]),
  kernel: (emit, [x], node) => emit.reshape(x, node.shape),
  samples: [{ shapes: [[2, 6]], attrs: { to: [3, 4] } }],
};

/** What a node is a broadcast of, where an operand of shape `beside` broadcasts it anyway; else the node. Nothing is then written out. */
export function unbroadcast(x: Node, beside: Shape): Node {
  if (!sameShape(x.shape, beside)) return x;
  const value = constantOf(x);
  if (value !== null && x.shape.length > 0) return x.graph.constant(value);
  return x.op === broadcastOp ? x.inputs[0] : x;
}

export const sum = (x: Node, axes: readonly number[] = x.shape.map((_, i) => i)): Node =>
  x.graph.make(sumOp, [x], { axes });
export const broadcastTo = (x: Node, to: Shape): Node =>
  sameShape(x.shape, to) ? x : x.graph.make(broadcastOp, [x], { to });
export const reshape = (x: Node, to: Shape): Node =>
  sameShape(x.shape, to) ? x : x.graph.make(reshapeOp, [x], { to });

/** Sums a broadcast result back to `shape`: the transpose of broadcasting. */
export function sumTo(x: Node, shape: Shape): Node {
  const offset = x.shape.length - shape.length;
  const axes = x.shape.flatMap((d, i) => (i < offset || (shape[i - offset] === 1 && d !== 1) ? [i] : []));
  return reshape(axes.length > 0 ? sum(x, axes) : x, shape);
}

export const shapeOps = [sumOp, broadcastOp, reshapeOp] as const;
