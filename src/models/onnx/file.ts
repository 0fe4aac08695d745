// An ONNX file's bytes as plain nodes, attributes and arrays; knows no op.
import { onnx } from "onnx-proto";
import { fileError } from "../../protocol/errors";
import { fromBrain, fromHalf } from "../../util/half";

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

function decode(bytes: Uint8Array, file: string): onnx.ModelProto {
  try {
    return onnx.ModelProto.decode(bytes);
  } catch {
    throw fileError(file, "Expected an ONNX model; the bytes are none.", "Export it with torch.onnx.export.");
  }
}

/** Older ops broadcast by attributes and train by default; ONNX Runtime reads none of them either. */
const oldestOpset = 7;

/** @throws UserError naming the file when it is no ONNX model, one of an old opset, or none with one input. */
export function readOnnx(bytes: Uint8Array, file: string, external: ExternalFiles = new Map()): OnnxFile {
  const model = decode(bytes, file);
  const { graph } = model;
  if (!graph?.node?.length || !graph.output?.length)
    throw fileError(
      file,
      "Expected an ONNX model with a graph; found none.",
      "Export it with torch.onnx.export.",
    );
  const opset = Number(model.opsetImport.find(({ domain }) => !domain)?.version ?? 1);
  if (opset < oldestOpset)
    throw fileError(
      file,
      `The model is of opset ${opset}; expected ${oldestOpset} or newer.`,
      "Export it again with torch.onnx.export.",
    );
  const initializers = new Map(
    (graph.initializer ?? []).map((tensor) => [tensor.name ?? "", arrayOf(tensor, file, external)]),
  );
  const inputs = (graph.input ?? []).filter(({ name }) => !initializers.has(name ?? ""));
  if (inputs.length !== 1) {
    const found = inputs.map(({ name }) => name).join(", ") || "none";
    throw fileError(file, `Expected a model with one input, the examples; found ${found}.`);
  }
  const dims = inputs[0].type?.tensorType?.shape?.dim ?? [];
  return {
    file,
    opset,
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

/** Files beside the model that hold its weights, by the name the model calls them. */
export type ExternalFiles = ReadonlyMap<string, Uint8Array>;

const isExternal = ({ dataLocation }: onnx.ITensorProto): boolean =>
  dataLocation === onnx.TensorProto.DataLocation.EXTERNAL;

const externalEntry = ({ externalData }: onnx.ITensorProto, key: string): string | undefined =>
  externalData?.find((entry) => entry.key === key)?.value ?? undefined;

/**
 * The files a model keeps its weights in, PyTorch's default. @throws UserError for one outside the model's folder: a model comes from
 * anywhere, and must not make Basin read what lies elsewhere.
 */
export function externalFiles(bytes: Uint8Array, file: string): string[] {
  const names = (decode(bytes, file).graph?.initializer ?? [])
    .filter(isExternal)
    .map((tensor) => externalEntry(tensor, "location") ?? "");
  for (const name of names)
    if (name === "" || /^[/\\]|^[a-z]:|\\|\0/i.test(name) || name.split("/").includes(".."))
      throw fileError(
        file,
        `Its weights are stored in "${name}", which is not inside the model's folder.`,
        "Export it with torch.onnx.export(…, external_data=False), or put the file beside it.",
      );
  return [...new Set(names)];
}

function externalBytes(tensor: onnx.ITensorProto, file: string, external: ExternalFiles): Uint8Array {
  const location = externalEntry(tensor, "location") ?? "";
  const all = external.get(location);
  const name = tensor.name ?? "";
  if (!all)
    throw fileError(
      file,
      `Tensor ${name} is stored outside the file, in "${location}".`,
      "Keep that file beside the model, or export with torch.onnx.export(…, external_data=False).",
    );
  const offset = Number(externalEntry(tensor, "offset") ?? 0);
  const length = Number(externalEntry(tensor, "length") ?? all.length - offset);
  if (!(offset >= 0 && length >= 0 && offset + length <= all.length))
    throw fileError(
      file,
      `Tensor ${name} should be bytes ${offset} to ${offset + length} of "${location}", which has ${all.length}.`,
      "The file is truncated, or not the one that belongs to the model.",
    );
  return all.subarray(offset, offset + length);
}

/** Element types that are read: bytes each, how to read one, and whether it is a float. */
const elements: Readonly<
  Record<number, { bytes: number; at: (v: DataView, o: number) => number; float: boolean }>
> = {
  [DataType.FLOAT]: { bytes: 4, at: (v, o) => v.getFloat32(o, true), float: true },
  [DataType.DOUBLE]: { bytes: 8, at: (v, o) => v.getFloat64(o, true), float: true },
  [DataType.FLOAT16]: { bytes: 2, at: (v, o) => fromHalf(v.getUint16(o, true)), float: true },
  [DataType.BFLOAT16]: { bytes: 2, at: (v, o) => fromBrain(v.getUint16(o, true)), float: true },
  [DataType.INT64]: { bytes: 8, at: (v, o) => Number(v.getBigInt64(o, true)), float: false },
  [DataType.INT32]: { bytes: 4, at: (v, o) => v.getInt32(o, true), float: false },
  [DataType.UINT8]: { bytes: 1, at: (v, o) => v.getUint8(o), float: false },
  [DataType.INT8]: { bytes: 1, at: (v, o) => v.getInt8(o), float: false },
  [DataType.BOOL]: { bytes: 1, at: (v, o) => v.getUint8(o), float: false },
};

/** What a tensor holds in a list of its own type instead of raw bytes; half precision as its bits. */
function listed(tensor: onnx.ITensorProto): number[] {
  const { FLOAT, DOUBLE, INT64, FLOAT16, BFLOAT16 } = DataType;
  const type = tensor.dataType;
  if (type === FLOAT) return (tensor.floatData ?? []).map(Number);
  if (type === DOUBLE) return (tensor.doubleData ?? []).map(Number);
  if (type === INT64) return (tensor.int64Data ?? []).map(Number);
  const list = (tensor.int32Data ?? []).map(Number);
  return type === FLOAT16 ? list.map(fromHalf) : type === BFLOAT16 ? list.map(fromBrain) : list;
}

/** The numbers of a tensor. @throws UserError for data that is missing or too short, and for types that no network here uses. */
export function arrayOf(
  tensor: onnx.ITensorProto,
  file: string,
  external: ExternalFiles = new Map(),
): HostArray {
  const shape = (tensor.dims ?? []).map(Number);
  const size = shape.reduce((a, b) => a * b, 1);
  const name = tensor.name || "a constant";
  const type = elements[tensor.dataType ?? 0];
  if (!type)
    throw fileError(
      file,
      `Tensor ${name} has ONNX type ${DataType[tensor.dataType ?? 0] ?? tensor.dataType}; expected floats, int32, int64, int8, uint8 or bool.`,
      "Export the model in float32.",
    );
  const raw = isExternal(tensor)
    ? externalBytes(tensor, file, external)
    : tensor.rawData?.length
      ? tensor.rawData
      : null;
  const list = raw ? [] : listed(tensor);
  const [found, wanted, unit] = raw
    ? [raw.byteLength, type.bytes * size, "bytes"]
    : [list.length, size, "numbers"];
  if (found !== wanted || shape.some((d) => d < 0))
    throw fileError(
      file,
      `Tensor ${name} [${shape.join(", ")}] should have ${wanted} ${unit}; found ${found}.`,
      "The file is truncated or damaged.",
    );
  if (!raw) return { shape, data: Float64Array.from(list), float: type.float };
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const values = type.bytes <= 4 && type.float ? new Float32Array(size) : new Float64Array(size);
  for (let i = 0; i < size; i++) values[i] = type.at(view, i * type.bytes);
  return { shape, data: values, float: type.float };
}
