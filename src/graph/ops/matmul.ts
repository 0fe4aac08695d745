// Matrix product of two matrices, or of two stacks of matrices, with optional transposes: closed under differentiation.
import { constantOf, type Node, type Op, type Shape } from "../node";
import { broadcastShape } from "./arithmetic";
import { sumTo } from "./shape";

interface Flags {
  readonly ta: boolean;
  readonly tb: boolean;
}

/** Whether a stack has fewer matrices than the product; and the shape of it with as many. */
const standsForSeveral = (x: Shape, product: Shape): boolean =>
  x.slice(0, -2).some((length, i) => length !== product[i]);
const stacked = (x: Shape, product: Shape): number[] => [...product.slice(0, -2), ...x.slice(-2)];

/**
 * C = op(A) op(B); A [.., m, k] or [.., k, m] when `ta`, B [.., k, n] or [.., n, k] when `tb`; as many leading axes, a length of 1
 * standing for any.
 */
export const matmulOp: Op<Flags> = {
  name: "matmul",
  shape: ([a, b], attrs) => {
    const { ta, tb } = attrs;
    if (a.length < 2 || a.length !== b.length)
      throw new Error(`internal: matmul: wants two matrices or two stacks of them, got [${a}] and [${b}]`);
    const stack = broadcastShape("matmul", a.slice(0, -2), b.slice(0, -2));
    const [m, k] = ta ? [a[a.length - 1], a[a.length - 2]] : a.slice(-2);
    const [k2, n] = tb ? [b[b.length - 1], b[b.length - 2]] : b.slice(-2);
    if (k !== k2) throw new Error(`internal: matmul: inner axes ${k} and ${k2} of [${a}] and [${b}] differ`);
    return [...stack, m, n];
  },
  simplify: (graph, [a, b], attrs) =>
    constantOf(a) === 0 || constantOf(b) === 0
      ? graph.constant(0, matmulOp.shape([a.shape, b.shape], attrs))
      : null,
  // C = AB: Ā = C̄ Bᵀ, B̄ = Aᵀ C̄, and the same with transposes moved to where the operand stands.
  vjp: ({ ct, inputs: [a, b], attrs }) => {
    const { ta, tb } = attrs;
    return [
      sumTo(ta ? matmul(b, ct, { ta: tb, tb: true }) : matmul(ct, b, { tb: !tb }), a.shape),
      sumTo(tb ? matmul(ct, a, { ta: true, tb: ta }) : matmul(a, ct, { ta: !ta }), b.shape),
    ];
  },
  onnx: (emit, [a, b], node) => {
    const { ta, tb } = node.attrs;
    const rank = node.shape.length;
    if (rank === 2) return emit.node("Gemm", [a, b], { transA: ta ? 1 : 0, transB: tb ? 1 : 0 });
    const perm = [...node.shape.keys()].slice(0, -2).concat(rank - 1, rank - 2);
    const turned = (x: string, turn: boolean): string => (turn ? emit.node("Transpose", [x], { perm }) : x);
    return emit.node("MatMul", [turned(a, ta), turned(b, tb)]);
  },
  tf: (tf, [a, b], node) => {
    const { ta, tb } = node.attrs;
    // Written out, for tfjs's gradient of a stack that stands for several is wrong in shape.
    const [wideA, wideB] = node.inputs.map(({ shape }, i) => {
      const own = [a, b][i];
      return standsForSeveral(shape, node.shape) ? tf.broadcastTo(own, stacked(shape, node.shape)) : own;
    });
    return tf.matMul(wideA, wideB, ta, tb);
  },
  kernel: (emit, inputs, node) => {
    const [a, b] = inputs.map((x) =>
      standsForSeveral(x.shape, node.shape)
        ? emit.rearrange(x, stacked(x.shape, node.shape), (index) =>
            index.map((own, i) => (x.shape[i] === 1 ? 0 : own)),
          )
        : x,
    );
    return emit.matmul(a, b, node.shape, node.attrs);
  },
  samples: [
    {
      shapes: [
        [3, 2],
        [2, 4],
      ],
      attrs: { ta: false, tb: false },
    },
    {
      shapes: [
        [2, 3],
        [2, 4],
      ],
      attrs: { ta: true, tb: false },
    },
    {
      shapes: [
        [3, 2],
        [4, 2],
      ],
      attrs: { ta: false, tb: true },
    },
    {
      shapes: [
        [2, 3],
        [4, 2],
      ],
      attrs: { ta: true, tb: true },
    },
    {
      shapes: [
        [2, 2, 3],
        [2, 4, 3],
      ],
      attrs: { ta: false, tb: true },
    },
    {
      shapes: [
        [2, 3, 2],
        [2, 3, 4],
      ],
      attrs: { ta: true, tb: false },
    },
    {
      shapes: [
        [1, 3, 2],
        [2, 4, 2],
      ],
      attrs: { ta: false, tb: true },
    },
  ],
};

export const matmul = (a: Node, b: Node, { ta = false, tb = false }: Partial<Flags> = {}): Node =>
  a.graph.make(matmulOp, [a, b], { ta, tb });

export const matmulOps = [matmulOp] as const;
