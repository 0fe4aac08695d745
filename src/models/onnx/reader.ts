// Reads one ONNX node: its attributes, inputs and axes, with errors that name the node. What is read is noted, the rest refused.
import { onnx } from "onnx-proto";
import { inputOp, reachable, sizeOf, type Graph, type Node } from "../../graph/node";
import { reshape } from "../../graph/ops";
import { fileError } from "../../protocol/errors";
import { arrayOf, type HostArray, type OnnxNode } from "./file";
import { isExporterConstant, type OnnxBuild, type ParameterValue, type Value } from "./values";

const { AttributeType } = onnx.AttributeProto;

/** The most numbers that one value of an imported graph may have: 2 GB of float32. */
const mostNumbers = 2 ** 29;

/** A value with the axis of its examples apart; `back` joins what was computed from it as it was before. */
export interface Examples {
  readonly node: Node;
  readonly batch: number;
  readonly back: (node: Node) => Node;
}

/** One ONNX node while it is being built. It notes what is read, so that nothing the file says is passed over. */
export class NodeReader {
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

  /** Which axis of a value has one place for each example. */
  exampleAxis(name: string): number | undefined {
    const place = this.build.places.get(name);
    return place?.outer === 1 && place.inner === 1 ? place.axis : undefined;
  }

  /** Which axis of input i counts the examples. @throws UserError when they are mixed with something else. */
  batchAxis(i: number): number {
    if (this.build.searching) return 0;
    const axis = this.exampleAxis(this.at.inputs[i]);
    const value = this.value(i);
    if (axis === undefined || value.kind !== "data" || value.node.shape[axis] !== this.build.n)
      throw this.error(
        "it joins the axis of the examples with another, so gradients per example cannot be told apart.",
      );
    return axis;
  }

  /** Input i with its examples on an axis of their own. */
  examples(i: number): Examples {
    const node = this.node(i);
    const place = this.build.places.get(this.at.inputs[i]);
    if (!place || this.exampleAxis(this.at.inputs[i]) !== undefined)
      return { node, batch: this.batchAxis(i), back: (same) => same };
    const { axis, outer, inner } = place;
    const before = node.shape.slice(0, axis);
    const parts = [outer, this.build.n, inner].filter((d, at) => at === 1 || d > 1);
    return {
      node: reshape(node, [...before, ...parts, ...node.shape.slice(axis + 1)]),
      batch: axis + (outer > 1 ? 1 : 0),
      back: (made) => reshape(made, [...before, node.shape[axis], ...made.shape.slice(axis + parts.length)]),
    };
  }
}

/** @throws UserError for a value that no memory holds. */
export function checkSize(c: NodeReader, shape: readonly number[]): void {
  if (shape.some((d) => !Number.isInteger(d) || d < 0))
    throw c.error(`it makes the shape [${shape.join(", ")}].`);
  const size = sizeOf(shape);
  if (size > mostNumbers)
    throw c.error(
      `[${shape.join(", ")}] would take ${(size / 2 ** 28).toFixed(1)} GB.`,
      "Check the shapes in the file.",
    );
}
