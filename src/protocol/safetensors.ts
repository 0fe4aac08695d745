// Reads and writes safetensors, the format of weights and checkpoints: a JSON header, then the tensors' bytes.
import { fromBrain, fromHalf } from "../util/half";
import { fileError } from "./errors";

export interface Tensor<Values = Float32Array> {
  readonly shape: readonly number[];
  /** Values, row-major. */
  readonly data: Values;
}

export interface Safetensors<Values = Float32Array> {
  /** In the order of the header. */
  readonly tensors: ReadonlyMap<string, Tensor<Values>>;
  /** Element types of tensors that hold no float numbers, by name: they are skipped. */
  readonly skipped: ReadonlyMap<string, string>;
  /** Strings stored beside the tensors. */
  readonly metadata: Readonly<Record<string, string>>;
}

const metadataKey = "__metadata__";
/** The reference implementation's limit: a longer header means the file is no safetensors file. */
const maxHeader = 100_000_000;
/** The header is padded with spaces to a multiple of this, so that tensor data is aligned. */
const alignment = 8;

/**
 * Writes tensors as F32, in the order given.
 *
 * @param tensors   Name → shape and row-major data; their sizes must agree.
 * @param metadata  Strings to store beside them.
 * @source          github.com/huggingface/safetensors, "Format".
 */
export function encodeSafetensors(
  tensors: Iterable<readonly [string, Tensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries = [...tensors];
  let end = 0;
  const header: [string, unknown][] = entries.map(([name, { shape, data }]) => {
    if (sizeOf(shape) !== data.length || name === metadataKey) {
      throw new Error(`internal: tensor ${name} of shape [${shape.join(", ")}] has ${data.length} values`);
    }
    const start = end;
    end += data.byteLength;
    return [name, { dtype: "F32", shape, data_offsets: [start, end] }];
  });
  if (new Set(entries.map(([name]) => name)).size < entries.length)
    throw new Error("internal: two tensors of one name");
  const withMetadata =
    Object.keys(metadata).length > 0 ? [[metadataKey, metadata] as const, ...header] : header;
  const json = new TextEncoder().encode(toJson(withMetadata));
  const start = 8 + Math.ceil(json.length / alignment) * alignment;

  const bytes = new Uint8Array(start + end).fill(0x20, 8, start);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(start - 8), true);
  bytes.set(json, 8);
  let offset = start;
  for (const [, { data }] of entries) {
    for (const value of data) {
      view.setFloat32(offset, value, true);
      offset += 4;
    }
  }
  return bytes;
}

/** An object literal would move keys such as "0" to the front and swallow "__proto__"; the order here is part of the file. */
const toJson = (entries: readonly (readonly [string, unknown])[]): string =>
  `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Element types that are read, with their size in bytes and how one is read. */
const dtypes: Readonly<Record<string, { bytes: number; read: (view: DataView, offset: number) => number }>> =
  {
    F64: { bytes: 8, read: (view, offset) => view.getFloat64(offset, true) },
    F32: { bytes: 4, read: (view, offset) => view.getFloat32(offset, true) },
    F16: { bytes: 2, read: (view, offset) => fromHalf(view.getUint16(offset, true)) },
    BF16: { bytes: 2, read: (view, offset) => fromBrain(view.getUint16(offset, true)) },
  };

/** Element types that no parameter has, with their size: counters of PyTorch's batch normalization, quantized weights. */
const otherDtypes: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  I32: 4,
  U32: 4,
  I64: 8,
  U64: 8,
};

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/**
 * Reads F32, F64, F16 and BF16 tensors as float32 and skips those of whole numbers.
 *
 * @param file  Name for messages.
 * @throws UserError naming the file, what was expected and what was found.
 */
export const decodeSafetensors = (bytes: Uint8Array, file: string): Safetensors =>
  decodeInto(bytes, file, (size) => new Float32Array(size));

/** As `decodeSafetensors`, with every digit of float64. */
export const decodeSafetensors64 = (bytes: Uint8Array, file: string): Safetensors<Float64Array> =>
  decodeInto(bytes, file, (size) => new Float64Array(size));

function decodeInto<Values extends Float32Array | Float64Array>(
  bytes: Uint8Array,
  file: string,
  make: (size: number) => Values,
): Safetensors<Values> {
  const { header, start } = readHeader(bytes, file);
  const metadata = readMetadata(header[metadataKey], file);
  const entries = Object.entries(header)
    .filter(([name]) => name !== metadataKey)
    .map(([name, value]) => readEntry(name, value, file));
  checkLayout(entries, bytes.length - start, file);

  const view = new DataView(bytes.buffer, bytes.byteOffset + start);
  const tensors = new Map<string, Tensor<Values>>();
  const skipped = new Map<string, string>();
  for (const { name, dtype, shape, start: from } of entries) {
    if (Object.hasOwn(otherDtypes, dtype)) {
      skipped.set(name, dtype);
      continue;
    }
    const { bytes: size, read } = dtypes[dtype];
    const data = make(sizeOf(shape));
    for (let i = 0; i < data.length; i++) data[i] = read(view, from + i * size);
    tensors.set(name, { shape, data });
  }
  return { tensors, skipped, metadata };
}

function readHeader(bytes: Uint8Array, file: string): { header: Record<string, unknown>; start: number } {
  const hint = "Save the weights with safetensors.torch.save_file, or check that the file was copied whole.";
  const bad = (found: string) => fileError(file, `Expected a safetensors file; ${found}.`, hint);
  if (isPickled(bytes)) {
    throw fileError(
      file,
      "Expected a safetensors file; found one that torch.save wrote (.pt, .pth).",
      `Convert it in Python: safetensors.torch.save_file(model.state_dict(), "weights.safetensors").`,
    );
  }
  if (bytes.length < 8)
    throw bad(`found only ${bytes.length} bytes, fewer than the 8 of the header's length`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = Number(view.getBigUint64(0, true));
  if (length > maxHeader)
    throw bad(`its first 8 bytes give a header of ${length} bytes, more than ${maxHeader}`);
  if (8 + length > bytes.length)
    throw bad(`its header should take ${length} bytes but only ${bytes.length - 8} follow`);
  if (bytes[8] !== 0x7b) throw bad('its header does not start with "{"');
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch (error) {
    throw bad(`its header is no JSON (${(error as Error).message})`);
  }
  return { header: header as Record<string, unknown>, start: 8 + length };
}

/** torch.save writes a zip archive, before PyTorch 1.6 a pickle: protocol byte and version. */
const isPickled = (bytes: Uint8Array): boolean =>
  (bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4) ||
  (bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5 && bytes[2] !== 0);

function readMetadata(value: unknown, file: string): Record<string, string> {
  if (value === undefined) return {};
  const isStrings =
    typeof value === "object" && value !== null && Object.values(value).every((v) => typeof v === "string");
  if (!isStrings) throw fileError(file, "Expected `__metadata__` to map strings to strings.");
  return value as Record<string, string>;
}

const isSize = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

const sizeOfDtype = (dtype: string): number | undefined =>
  Object.hasOwn(dtypes, dtype)
    ? dtypes[dtype].bytes
    : Object.hasOwn(otherDtypes, dtype)
      ? otherDtypes[dtype]
      : undefined;

function readEntry(name: string, value: unknown, file: string): Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  const bad = (message: string) => fileError(file, `Tensor "${name}": ${message}.`);
  const size = typeof dtype === "string" ? sizeOfDtype(dtype) : undefined;
  if (typeof dtype !== "string" || size === undefined) {
    throw bad(`expected dtype ${Object.keys(dtypes).join(", ")}; found ${JSON.stringify(dtype) ?? "none"}`);
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    throw bad(`expected a shape of whole numbers; found ${JSON.stringify(shape) ?? "none"}`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize) || offsets[0] > offsets[1]) {
    throw bad(`expected data_offsets [begin, end]; found ${JSON.stringify(offsets) ?? "none"}`);
  }
  const [start, end] = offsets as [number, number];
  const expected = sizeOf(shape) * size;
  if (expected !== end - start) {
    throw bad(
      `shape [${shape.join(", ")}] of ${dtype} takes ${expected} bytes; data_offsets span ${end - start}`,
    );
  }
  return { name, dtype, shape, start, end };
}

/** The tensors must fill the data exactly: no hole, no overlap, nothing behind. */
function checkLayout(entries: readonly Entry[], size: number, file: string): void {
  let reached = 0;
  for (const { name, start, end } of [...entries].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (start < reached)
      throw fileError(
        file,
        `Tensor "${name}" starts at byte ${start}, inside the tensor before it, which ends at ${reached}.`,
      );
    if (start > reached)
      throw fileError(
        file,
        `Tensor "${name}" starts at byte ${start}; expected ${reached}, where the tensor before it ends.`,
      );
    reached = end;
  }
  if (reached === size) return;
  const what = reached > size ? "is truncated" : "has bytes behind its tensors";
  throw fileError(
    file,
    `The file ${what}: the header describes ${reached} bytes of tensors; found ${size}.`,
    "Copy or save the file again.",
  );
}
