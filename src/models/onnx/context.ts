// What the builders of ONNX ops share: values, attributes, parameters with their taps, and errors that name the node.
import { vjp } from "../../graph/differentiate";
import { sizeOf, type Graph, type Node } from "../../graph/node";
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
  readonly back: (perExample: Node) => Node;
}
export type Value =
  | { readonly kind: "data"; readonly node: Node }
  | ParameterValue
  | { readonly kind: "host"; readonly array: HostArray };

export const data = (node: Node): Value => ({ kind: "data", node });

/** Everything collected while one graph is built. */
export class OnnxBuild {
  readonly parameters: ParameterInfo[] = [];
  readonly nodes: Node[] = [];
  readonly taps: Tap[] = [];
  readonly values = new Map<string, Value>();
  first: FirstLayer | null = null;

  constructor(
    readonly graph: Graph,
    readonly file: string,
    readonly opset: number,
    readonly n: number,
    /** Number of examples the file was exported for, where it is fixed. */
    readonly exported: number | null,
    /** Axis of the examples of each value, by name; empty while that is being found out. */
    readonly batchAxes: ReadonlyMap<string, number>,
  ) {}
}

/** One ONNX node while it is being built. */
export class OpContext {
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

  int(name: string, standard: number): number {
    return Number(this.at.attributes.get(name)?.i ?? standard);
  }
  float(name: string, standard: number): number {
    return this.at.attributes.get(name)?.f ?? standard;
  }
  ints(name: string): number[] | undefined {
    const list = this.at.attributes.get(name)?.ints;
    return list?.length ? list.map(Number) : undefined;
  }
  text(name: string): string {
    return new TextDecoder().decode(this.at.attributes.get(name)?.s ?? new Uint8Array());
  }

  tensor(name: string): HostArray | undefined {
    const tensor = this.at.attributes.get(name)?.t;
    return tensor ? arrayOf(tensor, this.build.file) : undefined;
  }

  has(i: number): boolean {
    return (this.at.inputs[i] ?? "") !== "";
  }
  value(i: number): Value {
    const value = this.build.values.get(this.at.inputs[i]);
    if (!value) throw this.error(`its input "${this.at.inputs[i]}" is made by no node before it.`);
    return value;
  }
  /** A constant input, or undefined when it is left out. */
  host(i: number): HostArray | undefined {
    if (!this.has(i)) return undefined;
    const value = this.value(i);
    if (value.kind !== "host")
      throw this.error(`its input "${this.at.inputs[i]}" depends on the examples; expected a constant.`);
    return value.array;
  }
  /** An input that is never trained, whatever kind of initializer it is. */
  frozen(i: number): HostArray {
    const value = this.value(i);
    return value.kind === "parameter" ? { shape: value.own, data: value.values, float: true } : this.host(i)!;
  }
  /** Whole numbers from an attribute (old opsets) or an input (new ones). */
  list(attribute: string, i: number): number[] | undefined {
    const host = this.host(i);
    return this.ints(attribute) ?? (host && Array.from(host.data));
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
          'If it is not to be trained, list it in model.frozen: { "onnx": …, "frozen": ["…"] }.',
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

  /** Declares a parameter at its one use and returns its node. */
  use(parameter: ParameterValue): Node {
    const { parameters, nodes } = this.build;
    if (parameters.some(({ name }) => name === parameter.name))
      throw this.error(
        `parameter ${parameter.name} is used a second time; shared weights are not supported.`,
        "Give each layer its own, or list it in model.frozen.",
      );
    parameters.push({
      name: parameter.name,
      shape: parameter.own,
      init: { kind: "values", values: parameter.values },
    });
    nodes.push(this.graph.input(parameter.name, parameter.own));
    return parameter.node;
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
    const x = this.node(dataAt);
    return data(this.elementwiseOn(x, this.batchAxis(dataAt), parameter, f, parameter.node.shape));
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
}
