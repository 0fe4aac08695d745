// add, sub, mul, div, neg with numpy broadcasting: the arithmetic every derivative rule is written in.
import { constantOf, sameShape, sizeOf, type Graph, type Node, type Op, type Shape } from "../node";
import { broadcastTo, sumTo, unbroadcast } from "./shape";

/** The shape two operands broadcast to (numpy's rule). */
export function broadcastShape(name: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1)
      throw new Error(`internal: ${name}: axis ${i} of [${a}] does not fit [${b}]`);
    return x === 1 ? y : x;
  });
}

const pairs = [
  {
    shapes: [
      [3, 2],
      [3, 2],
    ],
  },
  { shapes: [[3, 2], [2]] },
  {
    shapes: [
      [3, 1],
      [3, 4],
    ],
  },
  { shapes: [[], [2, 2]] },
] as const;

const binaryShape =
  (name: string) =>
  ([a, b]: readonly Shape[]) =>
    broadcastShape(name, a, b);
const binary =
  (op: Op) =>
  (a: Node, b: Node | number): Node =>
    a.graph.make(op, [a, typeof b === "number" ? a.graph.constant(b) : b]);

/** `x` when it already has the wanted shape, else broadcast to it. */
const like = (x: Node, ...operands: readonly Node[]): Node =>
  broadcastTo(
    x,
    operands.map((n) => n.shape).reduce((a, b) => broadcastShape("like", a, b)),
  );

/** The same of operands that are not written out as often as they are read; null where both stand as they are. Commutes with every op here. */
function narrow(graph: Graph, op: Op, [a, b]: readonly Node[]): Node | null {
  const left = unbroadcast(a, b.shape);
  if (left !== a) return graph.make(op, [left, b]);
  const right = unbroadcast(b, a.shape);
  return right !== b ? graph.make(op, [a, right]) : null;
}

export const addOp: Op = {
  name: "add",
  shape: binaryShape("add"),
  simplify: (graph, [a, b]) => {
    const [x, y] = [constantOf(a), constantOf(b)];
    if (x !== null && y !== null) return graph.constant(x + y, broadcastShape("add", a.shape, b.shape));
    if (x === 0) return like(b, a, b);
    if (y === 0) return like(a, a, b);
    if (a.id > b.id && sameShape(a.shape, b.shape)) return graph.make(addOp, [b, a]);
    const one = a.op === b.op && sameShape(a.shape, b.shape) ? a.op.plus?.(a, b) : undefined;
    return one ?? narrow(graph, addOp, [a, b]);
  },
  vjp: ({ ct, inputs: [a, b] }) => [sumTo(ct, a.shape), sumTo(ct, b.shape)],
  onnx: (emit, [a, b]) => emit.node("Add", [a, b]),
  tf: (tf, [a, b]) => tf.add(a, b),
  kernel: (emit, [a, b], node) => emit.binary("add", a, b, node.shape),
  samples: pairs,
};

const subOp: Op = {
  name: "sub",
  shape: binaryShape("sub"),
  simplify: (graph, [a, b]) => {
    const [x, y] = [constantOf(a), constantOf(b)];
    if (x !== null && y !== null) return graph.constant(x - y, broadcastShape("sub", a.shape, b.shape));
    if (y === 0) return like(a, a, b);
    if (x === 0) return like(neg(b), a, b);
    return narrow(graph, subOp, [a, b]);
  },
  vjp: ({ ct, inputs: [a, b] }) => [sumTo(ct, a.shape), neg(sumTo(ct, b.shape))],
  onnx: (emit, [a, b]) => emit.node("Sub", [a, b]),
  tf: (tf, [a, b]) => tf.sub(a, b),
  kernel: (emit, [a, b], node) => emit.binary("sub", a, b, node.shape),
  samples: pairs,
};

/** How many numbers share a factor at least where reading factors costs nothing beside them. */
const muchSmaller = 16;

export const mulOp: Op = {
  name: "mul",
  shape: binaryShape("mul"),
  simplify: (graph, [a, b]) => {
    const [x, y] = [constantOf(a), constantOf(b)];
    const shape = broadcastShape("mul", a.shape, b.shape);
    if (x !== null && y !== null) return graph.constant(x * y, shape);
    if (x === 0 || y === 0) return graph.constant(0, shape);
    if (x === 1) return like(b, a, b);
    if (y === 1) return like(a, a, b);
    // A number beside a tensor is kept as a scalar, on the left; equal products are one node.
    if (y !== null && x === null && sameShape(shape, a.shape))
      return graph.make(mulOp, [graph.constant(y), a]);
    if (x !== null && a.shape.length > 0 && sameShape(shape, b.shape))
      return graph.make(mulOp, [graph.constant(x), b]);
    // c (d z) = (c d) z
    const inner = x !== null && b.op === mulOp ? constantOf(b.inputs[0]) : null;
    if (x !== null && inner !== null && sameShape(shape, b.shape))
      return graph.make(mulOp, [graph.constant(x * inner), b.inputs[1]]);
    if (x === null && y === null && a.id > b.id && sameShape(a.shape, b.shape))
      return graph.make(mulOp, [b, a]);
    return narrow(graph, mulOp, [a, b]);
  },
  scaled: ([a, b]) => {
    const [less, more] = sizeOf(a.shape) < sizeOf(b.shape) ? [a, b] : [b, a];
    return muchSmaller * sizeOf(less.shape) <= sizeOf(more.shape) ? more : null;
  },
  vjp: ({ ct, inputs: [a, b] }) => [sumTo(mul(ct, b), a.shape), sumTo(mul(ct, a), b.shape)],
  onnx: (emit, [a, b]) => emit.node("Mul", [a, b]),
  tf: (tf, [a, b]) => tf.mul(a, b),
  kernel: (emit, [a, b], node) => emit.binary("mul", a, b, node.shape),
  samples: pairs,
};

const divOp: Op = {
  name: "div",
  shape: binaryShape("div"),
  simplify: (graph, [a, b]) => {
    const y = constantOf(b);
    if (constantOf(a) === 0) return graph.constant(0, broadcastShape("div", a.shape, b.shape));
    if (y !== null) return graph.make(mulOp, [graph.constant(1 / y, b.shape), a]);
    return narrow(graph, divOp, [a, b]);
  },
  // ā = ȳ / b, b̄ = −ȳ out / b
  vjp: ({ ct, out, inputs: [a, b] }) => [
    sumTo(div(ct, b), a.shape),
    neg(sumTo(div(mul(ct, out), b), b.shape)),
  ],
  onnx: (emit, [a, b]) => emit.node("Div", [a, b]),
  tf: (tf, [a, b]) => tf.div(a, b),
  kernel: (emit, [a, b], node) => emit.binary("div", a, b, node.shape),
  samples: pairs.map((s) => ({ ...s, range: [0.5, 2] as const })),
};

export const negOp: Op = {
  name: "neg",
  shape: ([a]) => a,
  simplify: (graph, [a]) => {
    const x = constantOf(a);
    if (x !== null) return graph.constant(x === 0 ? 0 : -x, a.shape);
    return a.op === negOp ? a.inputs[0] : null;
  },
  vjp: ({ ct }) => [neg(ct)],
  onnx: (emit, [a]) => emit.node("Neg", [a]),
  tf: (tf, [a]) => tf.neg(a),
  kernel: (emit, [a]) => emit.unary("neg", a),
  samples: [{ shapes: [[3, 2]] }],
};

export const add = binary(addOp);
export const sub = binary(subOp);
export const mul = binary(mulOp);
export const div = binary(divOp);
export const neg = (a: Node): Node => a.graph.make(negOp, [a]);

export const arithmeticOps = [addOp, subOp, mulOp, divOp, negOp] as const;
