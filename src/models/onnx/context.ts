// What the builders of ONNX ops share: values, attributes, parameters with their taps, and errors that name the node.
import { onnx } from "onnx-proto";
import { vjp } from "../../graph/differentiate";
import { inputOp, reachable, sizeOf, type Graph, type Node } from "../../graph/node";
import { broadcastTo, reshape, sum, transpose } from "../../graph/ops";
import { fileError } from "../../protocol/errors";
import type { FirstLayer, ParameterInfo, Tap } from "../model";
import { belowReshape } from "../scope";
import { arrayOf, type HostArray, type OnnxNode } from "./file";

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
export interface Choices {
  /** Globs of what alone is trained; without them the importer's own rules decide. */
  readonly train?: readonly string[];
  /** Parameters used more than once: they get a copy per example, in which all uses add up. */
  readonly shared: ReadonlySet<string>;
}

/** A first axis made of several, that of the examples among them: exporters flatten sequences before a layer. */
export interface Joined {
  readonly sizes: readonly number[];
  readonly batch: number;
}

/** A value with the axis of its examples apart; `back` joins what was computed from it as it was before. */
export interface Examples {
  readonly node: Node;
  readonly batch: number;
  readonly back: (node: Node) => Node;
}

/** The most numbers that one value of an imported graph may have: 2 GB of float32. */
const mostNumbers = 2 ** 29;

/** Everything collected while one graph is built. */
export class OnnxBuild {
  readonly parameters: ParameterInfo[] = [];
  readonly nodes: Node[] = [];
  readonly taps: Tap[] = [];
  readonly values = new Map<string, Value>();
  first: FirstLayer | null = null;
  /** How often each parameter is used, and per-example copies of those used more than once. */
  readonly uses = new Map<string, number>();
  readonly copies = new Map<string, Node>();
  /** Values whose first axis joins that of the examples with others, by name. */
  readonly joined = new Map<string, Joined>();
  /** Initializers taken for constants, by the reason. */
  readonly constants = new Map<string, Set<string>>();

  constructor(
    readonly graph: Graph,
    readonly file: string,
    readonly opset: number,
    readonly n: number,
    /** Number of examples the file was exported for, where it is fixed. */
    readonly exported: number | null,
    /** Axis of the examples of each value, by name; empty while that is being found out. */
    readonly batchAxes: ReadonlyMap<string, number>,
    readonly choices: Choices,
  ) {}
}

/** Names that torch.onnx.export gives to what has none in the module: numbered ones, and those of the operation that made a folded weight. */
export const isExporterName = (name: string): boolean =>
  /^(val_\d+|onnx::\w+|(mul|div|add|sub|permute|transpose|t|view|reshape|_weight_norm\w*)(_\d+)?)$/.test(
    name,
  );

/** One number under an exporter's name is a factor or shift it wrote itself; a list is a weight that it rearranged. */
const isExporterConstant = ({ name, values }: ParameterValue): boolean =>
  isExporterName(name) && values.length === 1;

const { AttributeType } = onnx.AttributeProto;

/** One ONNX node while it is being built. It notes what is read, so that nothing the file says is passed over. */
export class OpContext {
  private readonly attributesRead = new Set<string>();
  private readonly inputsRead = new Set<number>();

  constructor(
    readonly build: OnnxBuild,
    readonly at: OnnxNode,
  ) {}

  get graph(): Graph {
    return this.build.graph;
  }

  error(message: string, hint?: string): Error {
    return fileError(this.build.file, `Node ${this.at.name} (${this.at.op}): ${message}`, hint);
  }

  /** @throws UserError naming an attribute or input that the file gives and the builder did not ask for. */
  checkAllRead(): void {
    const attribute = [...this.at.attributes.keys()].find((name) => !this.attributesRead.has(name));
    if (attribute !== undefined)
      throw this.error(`its attribute "${attribute}" is not supported at opset ${this.build.opset}.`);
    const input = this.at.inputs.findIndex((name, i) => name !== "" && !this.inputsRead.has(i));
    if (input >= 0) throw this.error(`its input ${input}, "${this.at.inputs[input]}", is not supported.`);
  }

  /** Attributes that do not change what is computed here. */
  ignoreAttributes(...names: readonly string[]): void {
    for (const name of names) this.attributesRead.add(name);
  }
  /** Inputs that do not change what is computed here. */
  ignoreInputs(...places: readonly number[]): void {
    for (const i of places) this.inputsRead.add(i);
  }

  private attribute(name: string, type: onnx.AttributeProto.AttributeType): onnx.IAttributeProto | undefined {
    this.attributesRead.add(name);
    const found = this.at.attributes.get(name);
    // Old files leave the type out.
    if (found && found.type && found.type !== type)
      throw this.error(`its attribute "${name}" is of another type; expected ${AttributeType[type]}.`);
    return found;
  }

  int(name: string, standard: number): number {
    const found = this.attribute(name, AttributeType.INT);
    return found ? Number(found.i ?? 0) : standard;
  }
  float(name: string, standard: number): number {
    const found = this.attribute(name, AttributeType.FLOAT);
    return found ? (found.f ?? 0) : standard;
  }
  floats(name: string): number[] | undefined {
    return this.attribute(name, AttributeType.FLOATS)?.floats?.map(Number);
  }
  ints(name: string): number[] | undefined {
    return this.attribute(name, AttributeType.INTS)?.ints?.map(Number);
  }
  text(name: string): string {
    return new TextDecoder().decode(this.attribute(name, AttributeType.STRING)?.s ?? new Uint8Array());
  }
  tensor(name: string): HostArray | undefined {
    const tensor = this.attribute(name, AttributeType.TENSOR)?.t;
    return tensor ? arrayOf(tensor, this.build.file) : undefined;
  }
  given(name: string): boolean {
    return this.at.attributes.has(name);
  }

  has(i: number): boolean {
    return (this.at.inputs[i] ?? "") !== "";
  }
  value(i: number): Value {
    if (!this.has(i)) throw this.error(`its input ${i} is missing.`);
    this.inputsRead.add(i);
    const value = this.build.values.get(this.at.inputs[i]);
    if (!value) throw this.error(`its input "${this.at.inputs[i]}" is made by no node before it.`);
    return value;
  }
  /** A constant input, or undefined when it is left out. Whole numbers held as a float initializer are constants too. */
  host(i: number): HostArray | undefined {
    if (!this.has(i)) return undefined;
    const value = this.value(i);
    if (value.kind === "parameter") return this.asConstant(value, "is asked for as a constant");
    if (value.kind !== "host")
      throw this.error(`its input "${this.at.inputs[i]}" depends on the examples; expected a constant.`);
    return value.array;
  }
  /** A constant input that must be there. */
  constantInput(i: number): HostArray {
    const array = this.host(i);
    if (!array) throw this.error(`its input ${i} is missing; expected a constant.`);
    return array;
  }
  /** One number from a constant input. */
  number(i: number): number {
    const { data: values } = this.constantInput(i);
    if (values.length !== 1) throw this.error(`its input ${i} has ${values.length} numbers; expected one.`);
    return values[0];
  }
  /** An input that is never trained, whatever kind of initializer it is. */
  frozen(i: number): HostArray {
    return this.constantInput(i);
  }
  /** Notes why an initializer is a constant and gives its numbers. */
  asConstant(parameter: ParameterValue, reason: string): HostArray {
    const { constants } = this.build;
    constants.set(reason, (constants.get(reason) ?? new Set()).add(parameter.name));
    if (parameter.node.op !== inputOp)
      throw this.error(`${parameter.name}, rearranged, ${reason}, which is not supported.`);
    return { shape: parameter.own, data: parameter.values, float: true };
  }
  /** Whole numbers from an attribute (old opsets) or an input (new ones). */
  list(attribute: string, i: number): number[] | undefined {
    const host = this.host(i);
    return this.ints(attribute) ?? (host && Array.from(host.data));
  }

  /** An axis counted from the front. */
  axis(axis: number, rank: number): number {
    const from = axis < 0 ? axis + rank : axis;
    if (!(Number.isInteger(from) && from >= 0 && from < Math.max(rank, 1)))
      throw this.error(`axis ${axis} is none of its ${rank} axes.`);
    return from;
  }

  /**
   * Why a float initializer that meets data element by element is no weight, or null. Nothing in a file tells a buffer from a parameter;
   * what divides, is subtracted, comes before any weight or carries an exporter's name is a constant of the network's author in practice.
   */
  reasonForConstant(parameter: ParameterValue, x: Node): string | null {
    const { choices, nodes } = this.build;
    if (choices.train) return null;
    if (isExporterConstant(parameter) && this.at.op !== "PRelu")
      return "is one number with a name the exporter made";
    if (this.at.op === "Sub" || this.at.op === "Div")
      return "is subtracted or divides, as a normalization does";
    if (this.at.op === "PRelu") return null;
    const under = new Set(reachable([x]));
    return nodes.some((node) => under.has(node)) ? null : "meets the examples before any weight does";
  }

  /** An index into an axis, counted from the front. */
  index(at: number, length: number): number {
    const from = at < 0 ? at + length : at;
    if (!(Number.isInteger(from) && from >= 0 && from < length))
      throw this.error(`index ${at} is outside an axis of ${length}.`);
    return from;
  }

  /** Any input as a node. A parameter that gets here is used in a way that has no rule. */
  node(i: number): Node {
    const value = this.value(i);
    switch (value.kind) {
      case "data":
        return value.node;
      case "host":
        return this.constant(value.array);
      case "parameter":
        throw this.error(
          `it takes parameter ${value.name} as input ${i}, which is not supported for this op.`,
          'If it is not to be trained, list it in model.freeze: { "onnx": …, "freeze": ["…"] }.',
        );
    }
  }

  constant({ shape, data: values }: HostArray): Node {
    const size = sizeOf(shape);
    const same = Array.prototype.every.call(values, (x) => x === values[0]);
    return same && size > 0
      ? this.graph.constant(values[0], shape)
      : this.graph.fixed(Float32Array.from(values), shape);
  }

  /** Which axis of input i counts the examples. @throws UserError when they are mixed with something else. */
  batchAxis(i: number): number {
    const { batchAxes, n } = this.build;
    const axis = batchAxes.get(this.at.inputs[i]);
    // While the axes are being found out nothing is differentiated: any answer will do.
    if (batchAxes.size === 0) return 0;
    const value = this.value(i);
    if (axis === undefined || value.kind !== "data" || value.node.shape[axis] !== n)
      throw this.error(
        "it joins the axis of the examples with another, so gradients per example cannot be told apart.",
      );
    return axis;
  }

  /** Input i with its examples on an axis of their own. */
  examples(i: number): Examples {
    const node = this.node(i);
    const joined = this.build.joined.get(this.at.inputs[i]);
    if (!joined) return { node, batch: this.batchAxis(i), back: (same) => same };
    const rest = node.shape.slice(1);
    return {
      node: reshape(node, [...joined.sizes, ...rest]),
      batch: joined.batch,
      back: (made) => reshape(made, [node.shape[0], ...made.shape.slice(joined.sizes.length)]),
    };
  }

  /** Whether a parameter has a copy for each example, which its users must take instead. */
  shares(parameter: ParameterValue): boolean {
    return this.build.choices.shared.has(parameter.name);
  }

  /** Declares a parameter at its one use and returns its node. */
  use(parameter: ParameterValue): Node {
    const { uses } = this.build;
    const before = uses.get(parameter.name) ?? 0;
    uses.set(parameter.name, before + 1);
    if (before > 0 && this.build.batchAxes.size > 0)
      throw this.error(
        `parameter ${parameter.name} is used a second time in a way that cannot be shared.`,
        "Give each layer its own, or list it in model.freeze.",
      );
    if (before === 0) this.declare(parameter);
    return parameter.node;
  }

  private declare({ name, own, values }: ParameterValue): Node {
    const { parameters, nodes } = this.build;
    parameters.push({ name, shape: own, init: { kind: "values", values } });
    const node = this.graph.input(name, own);
    nodes.push(node);
    return node;
  }

  /**
   * A shared parameter as [n, …]: one copy per example, so that the gradients of all uses meet in it. Costs n times its memory.
   */
  copies(parameter: ParameterValue): Node {
    const { build } = this;
    let copy = build.copies.get(parameter.name);
    if (!copy) {
      const node = this.declare(parameter);
      const all = [build.n, ...parameter.own];
      copy = broadcastTo(reshape(node, [1, ...parameter.own]), all);
      build.copies.set(parameter.name, copy);
      this.tap({ output: copy, perExample: (delta) => reshape(delta, [build.n, sizeOf(parameter.own)]) });
    }
    return parameter.forth(copy);
  }

  /** Says how the parameters used since the last tap act, see model.ts. */
  tap(tap: Tap): void {
    this.build.taps.push(belowReshape(tap));
  }

  /** Undoes the parameter's rearranging and flattens: [n, …] → [n, size]. */
  flatBack(parameter: ParameterValue, perExample: Node): Node {
    return reshape(parameter.back(perExample), [perExample.shape[0], sizeOf(parameter.own)]);
  }

  /** The examples first: the axis order that does that, for a value with `rank` axes. */
  front(node: Node, batch: number): Node {
    const rest = node.shape.map((_, i) => i).filter((i) => i !== batch);
    return transpose(node, [batch, ...rest]);
  }

  /** f(input, p) element by element, p a parameter. */
  elementwise(dataAt: number, parameter: ParameterValue, f: (x: Node, p: Node) => Node): Value {
    const { node, batch, back } = this.examples(dataAt);
    return data(back(this.elementwiseOn(node, batch, parameter, f, parameter.node.shape)));
  }

  /**
   * f(x, p) element by element; `batch` is the axis of x that counts the examples, `shape` that in which f spreads p over x.
   * Per-example gradients: the cotangent of p spread over the whole output, summed over every axis but the examples' along
   * which p was spread.
   */
  elementwiseOn(
    x: Node,
    batch: number,
    parameter: ParameterValue,
    f: (x: Node, p: Node) => Node,
    shape: readonly number[],
  ): Node {
    if (this.shares(parameter)) return this.elementwiseShared(x, batch, parameter, f, shape);
    const p = reshape(this.use(parameter), shape);
    const output = f(x, p);
    const axis = batch + output.shape.length - x.shape.length;
    const aligned = [...output.shape.map(() => 1).slice(shape.length), ...shape];
    this.tap({
      output,
      perExample: (delta) => {
        const wide = broadcastTo(p, output.shape);
        const [full] = vjp([f(x, wide)], [delta], [wide]);
        const spread = aligned.flatMap((d, i) => (d === 1 && i !== axis ? [i] : []));
        const own = this.front(spread.length > 0 ? sum(full, spread) : full, axis);
        return this.flatBack(parameter, reshape(own, [output.shape[axis], ...parameter.node.shape]));
      },
    });
    return output;
  }

  /** The same with a copy of p for each example, its axis put where that of x is. */
  private elementwiseShared(
    x: Node,
    batch: number,
    parameter: ParameterValue,
    f: (x: Node, p: Node) => Node,
    shape: readonly number[],
  ): Node {
    const rank = Math.max(x.shape.length, shape.length);
    const axis = batch + rank - x.shape.length;
    const aligned = [...Array.from({ length: rank - shape.length }, () => 1), ...shape];
    if (aligned[axis] !== 1) throw this.error(`parameter ${parameter.name} differs from example to example.`);
    const rest = aligned.filter((_, i) => i !== axis);
    const front = reshape(this.copies(parameter), [this.build.n, ...rest]);
    const order = Array.from({ length: rank }, (_, i) => (i === axis ? 0 : i < axis ? i + 1 : i));
    return f(x, transpose(front, order));
  }
}

/** @throws UserError for a value that no memory holds. */
export function checkSize(c: OpContext, shape: readonly number[]): void {
  if (shape.some((d) => !Number.isInteger(d) || d < 0))
    throw c.error(`it makes the shape [${shape.join(", ")}].`);
  const size = sizeOf(shape);
  if (size > mostNumbers)
    throw c.error(
      `[${shape.join(", ")}] would take ${(size / 2 ** 28).toFixed(1)} GB.`,
      "Check the shapes in the file.",
    );
}
