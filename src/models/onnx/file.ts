// An ONNX file's bytes as plain nodes, attributes and arrays; knows no op.
import { onnx } from "onnx-proto";
import { fileError } from "../../protocol/errors";

/** A constant array: shape arithmetic and weights alike. */
export interface HostArray {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
  readonly float: boolean;
}

export interface OnnxNode {
  readonly op: string;
  /** The node's own name, or its first output's: what a message calls it. */
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, onnx.IAttributeProto>;
}

export interface OnnxFile {
  readonly file: string;
  readonly opset: number;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, HostArray>;
  /** The one input that is no initializer; sizes that the file leaves open are null. */
  readonly input: { readonly name: string; readonly shape: readonly (number | null)[] };
  readonly output: string;
}

const { DataType } = onnx.TensorProto;

/** @throws UserError naming the file when it is no ONNX model, or none with one input. */
export function readOnnx(bytes: Uint8Array, file: string): OnnxFile {
  let model: onnx.ModelProto;
  try {
    model = onnx.ModelProto.decode(bytes);
  } catch {
    throw fileError(file, "Expected an ONNX model; the bytes are none.", "Export it with torch.onnx.export.");
  }
  const { graph } = model;
  if (!graph?.node?.length || !graph.output?.length)
    throw fileError(
      file,
      "Expected an ONNX model with a graph; found none.",
      "Export it with torch.onnx.export.",
    );
  const initializers = new Map(
    (graph.initializer ?? []).map((tensor) => [tensor.name ?? "", arrayOf(tensor, file)]),
  );
  const inputs = (graph.input ?? []).filter(({ name }) => !initializers.has(name ?? ""));
  if (inputs.length !== 1) {
    const found = inputs.map(({ name }) => name).join(", ") || "none";
    throw fileError(file, `Expected a model with one input, the examples; found ${found}.`);
  }
  const dims = inputs[0].type?.tensorType?.shape?.dim ?? [];
  return {
    file,
    opset: Number(model.opsetImport.find(({ domain }) => !domain)?.version ?? 1),
    nodes: graph.node.map((node) => ({
      op: node.opType ?? "",
      name: node.name || node.output?.[0] || "",
      inputs: node.input ?? [],
      outputs: node.output ?? [],
      attributes: new Map((node.attribute ?? []).map((one) => [one.name ?? "", one])),
    })),
    initializers,
    input: {
      name: inputs[0].name ?? "",
      // dim_value 0 is protobuf's "not given".
      shape: dims.map(({ dimValue }) => Number(dimValue ?? 0) || null),
    },
    output: graph.output[0].name ?? "",
  };
}

/** The numbers of a tensor. @throws UserError for data outside the file, and for types that no network here uses. */
export function arrayOf(tensor: onnx.ITensorProto, file: string): HostArray {
  const shape = (tensor.dims ?? []).map(Number);
  const size = shape.reduce((a, b) => a * b, 1);
  const name = tensor.name || "a constant";
  if (tensor.dataLocation === onnx.TensorProto.DataLocation.EXTERNAL)
    throw fileError(
      file,
      `Tensor ${name} is stored outside the file.`,
      "Export without external data (models below 2 GB fit in one file).",
    );
  const raw = tensor.rawData?.length ? tensor.rawData : null;
  const read = (bytes: number, at: (view: DataView, offset: number) => number) => {
    const view = new DataView(raw!.buffer, raw!.byteOffset, raw!.byteLength);
    if (raw!.byteLength !== bytes * size)
      throw fileError(
        file,
        `Tensor ${name} should have ${bytes * size} bytes; found ${raw!.byteLength}.`,
        "The file is truncated or damaged.",
      );
    return Float64Array.from({ length: size }, (_, i) => at(view, i * bytes));
  };
  const numbers = (list: readonly unknown[] | null | undefined) => Float64Array.from(list ?? [], Number);
  switch (tensor.dataType) {
    case DataType.FLOAT:
      return {
        shape,
        data: Float32Array.from(raw ? read(4, (v, o) => v.getFloat32(o, true)) : numbers(tensor.floatData)),
        float: true,
      };
    case DataType.DOUBLE:
      return {
        shape,
        data: raw ? read(8, (v, o) => v.getFloat64(o, true)) : numbers(tensor.doubleData),
        float: true,
      };
    case DataType.INT64:
      return {
        shape,
        data: raw ? read(8, (v, o) => Number(v.getBigInt64(o, true))) : numbers(tensor.int64Data),
        float: false,
      };
    case DataType.INT32:
      return {
        shape,
        data: raw ? read(4, (v, o) => v.getInt32(o, true)) : numbers(tensor.int32Data),
        float: false,
      };
    case DataType.BOOL:
      return {
        shape,
        data: raw ? read(1, (v, o) => v.getUint8(o)) : numbers(tensor.int32Data),
        float: false,
      };
    default:
      throw fileError(
        file,
        `Tensor ${name} has ONNX type ${tensor.dataType}; expected float32, float64, int32, int64 or bool.`,
        "Export the model in float32.",
      );
  }
}
