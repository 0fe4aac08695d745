// Values of an ONNX graph while it is built, and all that a build collects.
import type { Graph, Node } from "../../graph/node";
import { reshape, transpose } from "../../graph/ops";
import type { FirstLayer, ParameterInfo, Tap } from "../model";
import type { HostArray } from "./file";

/** A parameter, as it is or only rearranged. `back` undoes that for gradients per example, [n, …] → [n, …its own shape]. */
export interface ParameterValue {
  readonly kind: "parameter";
  readonly name: string;
  readonly node: Node;
  readonly values: Float32Array;
  readonly own: readonly number[];
  /** The same rearranging with an axis of examples in front: [n, …its own shape] → [n, …], and back. */
  readonly forth: (perExample: Node) => Node;
  readonly back: (perExample: Node) => Node;
}
export type Value =
  | { readonly kind: "data"; readonly node: Node }
  | ParameterValue
  | { readonly kind: "host"; readonly array: HostArray };

export const data = (node: Node): Value => ({ kind: "data", node });

/** The `forth` and `back` of a parameter as the file has it. */
export const unmoved = (d: Node): Node => d;

/** A parameter in another shape of the same size. */
export function reshapedParameter(value: ParameterValue, shape: readonly number[]): ParameterValue {
  const before = value.node.shape;
  return {
    ...value,
    node: reshape(value.node, shape),
    forth: (d) => reshape(value.forth(d), [d.shape[0], ...shape]),
    back: (d) => value.back(reshape(d, [d.shape[0], ...before])),
  };
}

/** A parameter with its axes in another order. */
export function turned(value: ParameterValue, perm: readonly number[]): ParameterValue {
  const inverse = [0, ...perm.map((_, i) => perm.indexOf(i) + 1)];
  const forward = [0, ...perm.map((axis) => axis + 1)];
  return {
    ...value,
    node: transpose(value.node, perm),
    forth: (d) => transpose(value.forth(d), forward),
    back: (d) => value.back(transpose(d, inverse)),
  };
}

/** What was asked for by globs, and what the first pass over the file found out. */
interface Choices {
  /** Globs of what alone is trained; without them the importer's own rules decide. */
  readonly train?: readonly string[];
  /** Parameters used more than once: they get a copy per example, in which all uses add up. */
  readonly shared: ReadonlySet<string>;
}

/** Where the examples are in a value: an axis [outer, n, inner], for exporters flatten sequences and lay heads beside examples. */
export interface Place {
  readonly axis: number;
  readonly outer: number;
  readonly inner: number;
}

/** What a graph is built for. */
interface BuildFor {
  readonly graph: Graph;
  readonly file: string;
  readonly opset: number;
  readonly n: number;
  /** Number of examples the file was exported for, where it is fixed. */
  readonly exported: number | null;
  /** The same for another number of examples: what differs tells where they are. Null where that one itself is built. */
  readonly base: OnnxBuild | null;
  /** Where the examples are in each value, by name; empty while that is being found out. */
  readonly places: Map<string, Place>;
  /** While it is being found out where the examples are, nothing is differentiated. */
  readonly searching: boolean;
  readonly choices: Choices;
}

/** Everything collected while one graph is built. */
export interface OnnxBuild extends BuildFor {
  readonly parameters: ParameterInfo[];
  readonly nodes: Node[];
  readonly taps: Tap[];
  readonly values: Map<string, Value>;
  first: FirstLayer | null;
  /** How often each parameter is used, and per-example copies of those used more than once. */
  readonly uses: Map<string, number>;
  readonly copies: Map<string, Node>;
  /** Values cast to integers, whose numbers are those before the cast. */
  readonly wholes: Set<string>;
  /** Initializers taken for constants, by the reason. */
  readonly constants: Map<string, Set<string>>;
}

export const newBuild = (given: BuildFor): OnnxBuild => ({
  ...given,
  parameters: [],
  nodes: [],
  taps: [],
  values: new Map(),
  first: null,
  uses: new Map(),
  copies: new Map(),
  wholes: new Set(),
  constants: new Map(),
});

/** Names that torch.onnx.export gives to what has none in the module: numbered ones, and those of the operation that made a folded weight. */
export const isExporterName = (name: string): boolean =>
  /^(val_\d+|onnx::\w+|(mul|div|add|sub|permute|transpose|t|view|reshape|_weight_norm\w*)(_\d+)?)$/.test(
    name,
  );

/** One number under an exporter's name is a factor or shift it wrote itself; a list is a weight that it rearranged. */
export const isExporterConstant = ({ name, values }: ParameterValue): boolean =>
  isExporterName(name) && values.length === 1;
