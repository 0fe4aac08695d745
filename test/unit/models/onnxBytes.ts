// Builds ONNX models byte for byte, so that the importer's tests need no PyTorch.
import { onnx } from "onnx-proto";
import { Rng } from "../../../src/util/rng";

const { DataType } = onnx.TensorProto;
const { AttributeType } = onnx.AttributeProto;

export type Attribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly raw: onnx.IAttributeProto };
export type NodeSpec = readonly [
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes?: Readonly<Record<string, Attribute>>,
];
/** Whole numbers, float values, or a shape to fill with random floats in [0.5, 1.5]. */
export type Initializer =
  | { readonly ints: readonly number[]; readonly scalar?: boolean }
  | { readonly bools: readonly number[]; readonly scalar?: boolean }
  | { readonly floats: readonly number[]; readonly shape?: readonly number[] }
  | { readonly shape: readonly number[] };

export interface ModelBytes {
  readonly nodes: readonly NodeSpec[];
  readonly initializers?: Readonly<Record<string, Initializer>>;
  /** Shape of one example of the input "x". */
  readonly x: readonly number[];
  /** Examples the file is made for; open by default. */
  readonly batch?: number;
  readonly opset?: number;
}

function tensor(name: string, spec: Initializer, rng: Rng): onnx.ITensorProto {
  if ("ints" in spec)
    return {
      name,
      dims: spec.scalar ? [] : [spec.ints.length],
      dataType: DataType.INT64,
      int64Data: [...spec.ints],
    };
  if ("bools" in spec)
    return {
      name,
      dims: spec.scalar ? [] : [spec.bools.length],
      dataType: DataType.BOOL,
      int32Data: [...spec.bools],
    };
  if ("floats" in spec)
    return {
      name,
      dims: [...(spec.shape ?? [spec.floats.length])],
      dataType: DataType.FLOAT,
      floatData: [...spec.floats],
    };
  const size = spec.shape.reduce((a, b) => a * b, 1);
  const values = Float32Array.from({ length: size }, () => 0.5 + rng.uniform());
  return {
    name,
    dims: [...spec.shape],
    dataType: DataType.FLOAT,
    rawData: new Uint8Array(values.buffer),
  };
}

function attribute(name: string, value: Attribute): onnx.IAttributeProto {
  if (typeof value === "number") return { name, type: AttributeType.INT, i: value };
  if (typeof value === "string")
    return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if ("raw" in value) return { name, ...value.raw };
  if ("float" in value) return { name, type: AttributeType.FLOAT, f: value.float };
  if ("floats" in value) return { name, type: AttributeType.FLOATS, floats: [...value.floats] };
  return { name, type: AttributeType.INTS, ints: [...value] };
}

/** The last node's first output is the model's. */
export function onnxBytes({ nodes, initializers = {}, x, batch, opset = 17 }: ModelBytes): Uint8Array {
  const rng = new Rng(1, "onnx");
  const dims = [
    batch === undefined ? { dimParam: "n" } : { dimValue: batch },
    ...x.map((d) => ({ dimValue: d })),
  ];
  return onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: "", version: opset }],
    graph: {
      name: "test",
      node: nodes.map(([opType, input, output, attributes = {}]) => ({
        opType,
        input: [...input],
        output: [...output],
        attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      })),
      initializer: Object.entries(initializers).map(([name, spec]) => tensor(name, spec, rng)),
      input: [{ name: "x", type: { tensorType: { elemType: DataType.FLOAT, shape: { dim: dims } } } }],
      output: [{ name: nodes.at(-1)![2][0], type: { tensorType: { elemType: DataType.FLOAT } } }],
    },
  }).finish();
}
