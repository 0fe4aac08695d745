// Matrix product of two matrices, or of two stacks of matrices, with optional transposes: closed under differentiation.
import { constantOf, sameShape, type Node, type Op } from "../node";

interface Flags {
  readonly ta: boolean;
  readonly tb: boolean;
}

/** C = op(A) op(B); A [.., m, k] or [.., k, m] when `ta`, B [.., k, n] or [.., n, k] when `tb`; equal leading axes. */
export const matmulOp: Op<Flags> = {
  name: "matmul",
  shape: ([a, b], attrs) => {
    const { ta, tb } = attrs;
    const [stack, stack2] = [a.slice(0, -2), b.slice(0, -2)];
    if (a.length < 2 || !sameShape(stack, stack2))
      throw new Error(`internal: matmul: wants matrices in equal stacks, got [${a}] and [${b}]`);
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
      ta ? matmul(b, ct, { ta: tb, tb: true }) : matmul(ct, b, { tb: !tb }),
      tb ? matmul(ct, a, { ta: true, tb: ta }) : matmul(a, ct, { ta: !ta }),
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
    return tf.matMul(a, b, ta, tb);
  },
  kernel: (emit, [a, b], node) => emit.matmul(a, b, node.shape, node.attrs),
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
  ],
};

export const matmul = (a: Node, b: Node, { ta = false, tb = false }: Partial<Flags> = {}): Node =>
  a.graph.make(matmulOp, [a, b], { ta, tb });

export const matmulOps = [matmulOp] as const;
