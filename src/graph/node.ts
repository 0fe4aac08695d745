// The computation graph: immutable, hash-consed nodes in an arena. Equal subexpressions are one node.
import type { KernelEmitter, KernelValue, OnnxEmitter, Tf, TfTensor } from "./lowering";

export type Shape = readonly number[];
/** The attributes of an op without any. */
type None = Readonly<Record<string, never>>;

/** `A` holds the op's attributes; a node of which only that it is one is known has some object. */
export interface Node<A extends object = object> {
  /** Position in the arena: inputs always have smaller ids than the nodes that use them. */
  readonly id: number;
  readonly graph: Graph;
  readonly op: Op<A>;
  readonly inputs: readonly Node[];
  readonly attrs: A;
  readonly shape: Shape;
}

/** What a derivative rule sees: the cotangent of the output, the output, the inputs. */
interface VjpContext<A extends object> {
  readonly ct: Node;
  readonly out: Node;
  readonly inputs: readonly Node[];
  readonly attrs: A;
}

/** How the sweep tests draw inputs for an op. */
export interface Sample<A extends object = None> {
  readonly shapes: readonly Shape[];
  readonly attrs?: A;
  readonly range?: readonly [number, number];
  /** Draw whole numbers. */
  readonly integers?: boolean;
}

/** One operation: shape, derivative, lowering to each engine, and samples for the tests, side by side. */
export interface Op<A extends object = None> {
  readonly name: string;
  /** Output shape; throws with op, axis and both shapes when the inputs do not fit. */
  shape(inputs: readonly Shape[], attrs: A): Shape;
  /** Cotangents of the inputs as graph nodes; null where it is zero. Linear in `ct`. */
  vjp(context: VjpContext<A>): readonly (Node | null)[];
  onnx(emit: OnnxEmitter, inputs: readonly string[], node: Node<A>): string;
  tf(tf: Tf, inputs: readonly TfTensor[], node: Node<A>): TfTensor;
  /** Without it a graph is never small enough for the small engine. */
  kernel?(emit: KernelEmitter, inputs: readonly KernelValue[], node: Node<A>): KernelValue;
  /** A simpler equal node, or null. Called before a new node is made. */
  simplify?(graph: Graph, inputs: readonly Node[], attrs: A): Node | null;
  /** The input that a node is a rescaled copy of, or null: with that one at hand it is as cheap to make as to read. */
  scaled?(inputs: readonly Node[]): Node | null;
  /** The sum of two nodes of this op as one that costs less than both, or null. Asked before a new sum is made. */
  plus?(a: Node<A>, b: Node<A>): Node | null;
  readonly samples: readonly Sample<A>[];
}

/** Any op, whatever its attributes. */
export type AnyOp = Op<object>;

/** Whether the node is of this op: then its attributes are known. */
export const hasOp = <A extends object>(node: Node, op: Op<A>): node is Node<A> => node.op === op;

/** Number of elements of a shape; 1 for a scalar []. */
export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

interface Shaped {
  readonly shape: Shape;
}

/** A constant of some values, the same to every engine. */
const leaf = <A extends Shaped>(name: string, valuesOf: (node: Node<A>) => Float32Array): Op<A> => ({
  name,
  shape: (_inputs, attrs) => attrs.shape,
  vjp: () => [],
  onnx: (emit, _inputs, node) => emit.floats(valuesOf(node), node.shape),
  tf: (tf, _inputs, node) => tf.tensor(valuesOf(node), [...node.shape]),
  samples: [],
});

/** A named placeholder that the caller feeds. */
export const inputOp = leaf<Shaped & { readonly name: string }>("input", ({ attrs }) => {
  throw new Error(`internal: input "${attrs.name}" was not given to the engine`);
});

/** A constant: one number repeated over its shape. */
export const constantOp = leaf<Shaped & { readonly value: number }>("constant", ({ attrs, shape }) =>
  new Float32Array(sizeOf(shape)).fill(attrs.value),
);

/** A constant array of the graph's own, for weights that are not trained. */
export const fixedOp = leaf<Shaped & { readonly array: number }>(
  "fixed",
  ({ attrs, graph }) => graph.arrays[attrs.array],
);

/** The number a node is a constant of, or null. */
export const constantOf = (node: Node): number | null => (hasOp(node, constantOp) ? node.attrs.value : null);

/** The name of an input; that of its op for any other node. */
export const nameOf = (node: Node): string => (hasOp(node, inputOp) ? node.attrs.name : node.op.name);

/** An arena of nodes. Nodes of two graphs never mix. */
export class Graph {
  readonly nodes: Node[] = [];
  /** The arrays of `fixed` nodes. */
  readonly arrays: Float32Array[] = [];
  private readonly known = new Map<string, Node>();

  /** @param careful  Derivatives by formulas that lose no digits, where the usual ones do and are faster. */
  constructor(readonly careful = false) {}

  input(name: string, shape: Shape): Node {
    return this.make(inputOp, [], { name, shape });
  }

  constant(value: number, shape: Shape = []): Node {
    return this.make(constantOp, [], { value, shape });
  }

  /** A constant array; equal ones are not looked for. */
  fixed(values: Float32Array, shape: Shape): Node {
    return this.make(fixedOp, [], { array: this.arrays.push(values) - 1, shape });
  }

  /** The node `op(inputs)`: an existing equal one, a simpler equal one, or a new one. */
  make(op: Op, inputs: readonly Node[]): Node;
  make<A extends object>(op: Op<A>, inputs: readonly Node[], attrs: A): Node;
  make(op: AnyOp, inputs: readonly Node[], attrs: object = {}): Node {
    for (const input of inputs)
      if (this.nodes[input.id] !== input) throw new Error(`internal: ${op.name} mixes two graphs`);
    const key = `${op.name}(${inputs.map((n) => n.id).join(",")})${attributeKey(attrs)}`;
    const old = this.known.get(key);
    if (old) return old;
    const shape = op.shape(
      inputs.map((n) => n.shape),
      attrs,
    );
    const made =
      op.simplify?.(this, inputs, attrs) ??
      this.append({ id: this.nodes.length, graph: this, op, inputs, attrs, shape });
    if (!sameShape(made.shape, shape)) throw new Error(`internal: simplifying ${key} changed its shape`);
    this.known.set(key, made);
    return made;
  }

  /**
   * What `build` makes of this graph, which is then forgotten here: the order of its nodes, and so how sums round, does not depend on
   * what else was built before. Its nodes mix with no others made since.
   */
  aside<T>(build: () => T): T {
    const [nodes, keys] = [this.nodes.length, this.known.size];
    try {
      return build();
    } finally {
      this.nodes.length = nodes;
      for (const key of [...this.known.keys()].slice(keys)) this.known.delete(key);
    }
  }

  private append(node: Node): Node {
    this.nodes.push(node);
    return node;
  }
}

const attributeKey = (attrs: object): string => {
  const keys = Object.keys(attrs);
  // JSON has no -0 or NaN; a constant of either is its own node.
  return keys.length === 0
    ? ""
    : JSON.stringify(attrs, (_k, v: unknown) =>
        typeof v === "number" && (!Number.isFinite(v) || Object.is(v, -0))
          ? `${Object.is(v, -0) ? "-0" : v}!`
          : v,
      );
};

/** Every node the outputs depend on, inputs before users; nodes in `given` are leaves. */
export function reachable(outputs: readonly Node[], given: ReadonlySet<Node> = new Set()): Node[] {
  const seen = new Set<Node>();
  const stack = [...outputs];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (!given.has(node)) stack.push(...node.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}
