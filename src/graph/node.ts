// The computation graph: immutable, hash-consed nodes in an arena. Equal subexpressions are one node.
import type { KernelEmitter, KernelValue, OnnxEmitter, Tf, TfTensor } from "./lowering";

export type Shape = readonly number[];
export type Attributes = Readonly<Record<string, unknown>>;

export interface Node {
  /** Position in the arena: inputs always have smaller ids than the nodes that use them. */
  readonly id: number;
  readonly graph: Graph;
  readonly op: Op;
  readonly inputs: readonly Node[];
  readonly attrs: Attributes;
  readonly shape: Shape;
}

/** What a derivative rule sees: the cotangent of the output, the output, the inputs. */
interface VjpContext {
  readonly ct: Node;
  readonly out: Node;
  readonly inputs: readonly Node[];
  readonly attrs: Attributes;
}

/** How the sweep tests draw inputs for an op. */
export interface Sample {
  readonly shapes: readonly Shape[];
  readonly attrs?: Attributes;
  readonly range?: readonly [number, number];
  /** Draw whole numbers. */
  readonly integers?: boolean;
}

/** One operation: shape, derivative, lowering to each engine, and samples for the tests, side by side. */
export interface Op {
  readonly name: string;
  /** Output shape; throws with op, axis and both shapes when the inputs do not fit. */
  shape(inputs: readonly Shape[], attrs: Attributes): Shape;
  /** Cotangents of the inputs as graph nodes; null where it is zero. Linear in `ct`. */
  vjp(context: VjpContext): readonly (Node | null)[];
  onnx(emit: OnnxEmitter, inputs: readonly string[], node: Node): string;
  tf(tf: Tf, inputs: readonly TfTensor[], node: Node): TfTensor;
  /** Without it a graph is never small enough for the small engine. */
  kernel?(emit: KernelEmitter, inputs: readonly KernelValue[], node: Node): KernelValue;
  /** A simpler equal node, or null. Called before a new node is made. */
  simplify?(graph: Graph, inputs: readonly Node[], attrs: Attributes): Node | null;
  readonly samples: readonly Sample[];
}

export const defineOp = <T extends Op>(op: T): T => op;

/** Number of elements of a shape; 1 for a scalar []. */
export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

const leaf = (name: string): Op => ({
  name,
  shape: (_inputs, attrs) => attrs.shape as Shape,
  vjp: () => [],
  onnx: (emit, _inputs, node) => {
    if (name === "input")
      throw new Error(`internal: input "${String(node.attrs.name)}" was not given to the engine`);
    return emit.floats(constantValues(node), node.shape);
  },
  tf: (tf, _inputs, node) => {
    if (name === "input")
      throw new Error(`internal: input "${String(node.attrs.name)}" was not given to the engine`);
    return tf.tensor(Float32Array.from(constantValues(node)), [...node.shape]);
  },
  samples: [],
});

/** A named placeholder that the caller feeds. */
export const inputOp = leaf("input");
/** A constant: one number repeated over its shape. */
export const constantOp = leaf("constant");

/** A constant array of the graph's own, for weights that are not trained. */
export const fixedOp: Op = {
  ...leaf("fixed"),
  onnx: (emit, _inputs, node) => emit.floats(fixedValues(node), node.shape),
  tf: (tf, _inputs, node) => tf.tensor(fixedValues(node), [...node.shape]),
};
const fixedValues = (node: Node): Float32Array => node.graph.arrays[node.attrs.array as number];

const constantValues = (node: Node): Float32Array =>
  new Float32Array(sizeOf(node.shape)).fill(node.attrs.value as number);

/** The number a node is a constant of, or null. */
export const constantOf = (node: Node): number | null =>
  node.op === constantOp ? (node.attrs.value as number) : null;

/** An arena of nodes. Nodes of two graphs never mix. */
export class Graph {
  readonly nodes: Node[] = [];
  /** The arrays of `fixed` nodes. */
  readonly arrays: Float32Array[] = [];
  private readonly known = new Map<string, Node>();

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
  make(op: Op, inputs: readonly Node[], attrs: Attributes = {}): Node {
    for (const input of inputs)
      if (input.graph !== this) throw new Error(`internal: ${op.name} mixes two graphs`);
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

  private append(node: Node): Node {
    this.nodes.push(node);
    return node;
  }
}

const attributeKey = (attrs: Attributes): string => {
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
