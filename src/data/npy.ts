// Reads NumPy's .npy: one array with its dtype, order and shape.
import { fileError } from "../protocol/errors";
import { fromHalf } from "../util/half";

export interface NpyArray {
  readonly shape: readonly number[];
  /** Row-major, whatever the file's order. 64-bit integers are rounded to float64. */
  readonly data: Float32Array | Float64Array | Uint8Array;
  readonly kind: "float" | "integer";
}

type Reader = (view: DataView, offset: number, little: boolean) => number;
const dtypes: Readonly<Record<string, { size: number; kind: NpyArray["kind"]; read: Reader }>> = {
  f2: { size: 2, kind: "float", read: (v, o, le) => fromHalf(v.getUint16(o, le)) },
  f4: { size: 4, kind: "float", read: (v, o, le) => v.getFloat32(o, le) },
  f8: { size: 8, kind: "float", read: (v, o, le) => v.getFloat64(o, le) },
  u1: { size: 1, kind: "integer", read: (v, o) => v.getUint8(o) },
  i1: { size: 1, kind: "integer", read: (v, o) => v.getInt8(o) },
  b1: { size: 1, kind: "integer", read: (v, o) => v.getUint8(o) },
  u2: { size: 2, kind: "integer", read: (v, o, le) => v.getUint16(o, le) },
  i2: { size: 2, kind: "integer", read: (v, o, le) => v.getInt16(o, le) },
  u4: { size: 4, kind: "integer", read: (v, o, le) => v.getUint32(o, le) },
  i4: { size: 4, kind: "integer", read: (v, o, le) => v.getInt32(o, le) },
  u8: { size: 8, kind: "integer", read: (v, o, le) => Number(v.getBigUint64(o, le)) },
  i8: { size: 8, kind: "integer", read: (v, o, le) => Number(v.getBigInt64(o, le)) },
};
const known = "float16, float32, float64, bool, or an integer of 8 to 64 bits";

interface Header {
  readonly descr: string;
  readonly little: boolean;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  readonly dtype: (typeof dtypes)[string];
  /** Byte at which the values begin. */
  readonly start: number;
  /** Number of values. */
  readonly size: number;
}

/**
 * Reads the header at the beginning of `head`.
 *
 * @param length  Bytes of the whole file, of which there may be more than `head`.
 * @throws        UserError where they are not as many as the header promises.
 */
function readHeader(head: Uint8Array, length: number, file: string, name: string): Header {
  const bad = (message: string) => fileError(file, `Array ${name}: ${message}.`, "Save it with numpy.savez.");
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (head.length < 12 || magic.some((byte, i) => head[i] !== byte))
    throw bad("expected a .npy array, which starts with \\x93NUMPY");
  const version = head[6];
  if (version < 1 || version > 3) throw bad(`expected .npy version 1, 2 or 3; found ${version}`);
  const headerStart = version === 1 ? 10 : 12;
  const start = headerStart + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (start > length) throw bad(`it is truncated: its header should end at byte ${start}; found ${length}`);
  if (start > head.length) throw bad(`its header of ${start} bytes is longer than any array's`);
  const header = new TextDecoder().decode(head.subarray(headerStart, start));

  // The header is a Python dict literal with these three keys.
  const descr = /'descr':\s*'([<>|=])(\w+)'/.exec(header);
  const order = /'fortran_order':\s*(True|False)/.exec(header);
  const dims = /'shape':\s*\(([\d,\s]*)\)/.exec(header);
  if (!order || !dims)
    throw bad(`expected a header with fortran_order and shape; found ${header.trim().slice(0, 80)}`);
  const dtype = descr && Object.hasOwn(dtypes, descr[2]) ? dtypes[descr[2]] : undefined;
  if (descr?.[2] === "O")
    throw fileError(
      file,
      `Array ${name}: expected ${known}; found pickled Python objects.`,
      `Save numbers: ${name}.astype("float32"), or "int64" for labels.`,
    );
  if (!descr || !dtype)
    throw bad(`expected ${known}; found ${/'descr':\s*([^,]*)/.exec(header)?.[1] ?? "no dtype"}`);
  const shape = dims[1]
    .split(",")
    .filter((part) => part.trim() !== "")
    .map(Number);
  const size = shape.reduce((a, b) => a * b, 1);
  if (length - start !== size * dtype.size)
    throw bad(`shape (${shape.join(", ")}) takes ${size * dtype.size} bytes; found ${length - start}`);
  return {
    descr: descr[2],
    little: descr[1] !== ">",
    fortran: order[1] === "True",
    shape,
    dtype,
    start,
    size,
  };
}

/**
 * Checks the beginning of an .npy file of `length` bytes before the rest is unpacked.
 *
 * @throws  UserError naming file and array where the length is not what the header promises.
 */
export function checkNpy(head: Uint8Array, length: number, file: string, name: string): void {
  readHeader(head, length, file, name);
}

/**
 * Parses an .npy file, versions 1 to 3, either byte order, C or Fortran order.
 *
 * @param name  Name for messages, e.g. "x_train".
 * @source      NumPy, NEP 1 and numpy.lib.format.
 * @throws      UserError naming file and array, what was expected and what was found.
 */
export function parseNpy(bytes: Uint8Array, file: string, name: string): NpyArray {
  const { descr, little, fortran, shape, dtype, start, size } = readHeader(bytes, bytes.length, file, name);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values =
    descr === "f4"
      ? new Float32Array(size)
      : dtype.size === 1 && descr !== "i1"
        ? new Uint8Array(size)
        : new Float64Array(size);
  for (let i = 0; i < size; i++) values[i] = dtype.read(view, start + i * dtype.size, little);
  return { shape, data: fortran ? toRowMajor(values, shape) : values, kind: dtype.kind };
}

/** Column-major to row-major. */
function toRowMajor<T extends NpyArray["data"]>(values: T, shape: readonly number[]): T {
  const result = values.slice() as T;
  // Column-major strides: the first index runs fastest.
  const strides: number[] = [];
  shape.reduce((stride, length) => (strides.push(stride), stride * length), 1);
  const index = shape.map(() => 0);
  for (let i = 0, from = 0; i < values.length; i++) {
    result[i] = values[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}
