// Builds the files that data sources read, byte by byte, so that tests can also build them wrong.
import { deflateRawSync } from "node:zlib";
import type { ReadBytes } from "../../../src/data";
import { fileError } from "../../../src/protocol/errors";

/** A reader of files held in memory; a missing one is the user error that a caller's reader gives. */
export const reader =
  (files: Readonly<Record<string, Uint8Array>>): ReadBytes =>
  (path) =>
    Object.hasOwn(files, path)
      ? Promise.resolve(files[path])
      : Promise.reject(fileError(path, "no such file"));

export function idxFile(shape: readonly number[], data: ArrayLike<number>, type = 8): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  bytes.set([0, 0, type, shape.length]);
  const view = new DataView(bytes.buffer);
  shape.forEach((length, i) => view.setUint32(4 + 4 * i, length));
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}

/** CIFAR-10 records with these labels; pixel j of record i is (i + j) mod 256. */
export function cifarFile(labels: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(3073 * labels.length);
  labels.forEach((label, i) => {
    bytes[i * 3073] = label;
    for (let j = 0; j < 3072; j++) bytes[i * 3073 + 1 + j] = (i + j) % 256;
  });
  return bytes;
}

/** An .npy file around raw element bytes. */
export function npyFile(
  descr: string,
  shape: readonly number[],
  data: Uint8Array,
  { version = 1, fortran = false } = {},
): Uint8Array {
  const dims = shape.map((n) => `${n},`).join(" ");
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': (${dims}), }\n`;
  const start = version === 1 ? 10 : 12;
  const bytes = new Uint8Array(start + header.length + data.length);
  bytes.set([0x93, ...Buffer.from("NUMPY"), version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, header.length, true);
  else view.setUint32(8, header.length, true);
  bytes.set(Buffer.from(header), start);
  bytes.set(data, start + header.length);
  return bytes;
}

export const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
export const f4 = (shape: readonly number[], values: readonly number[]) =>
  npyFile("<f4", shape, bytesOf(Float32Array.from(values)));
export const i8 = (shape: readonly number[], values: readonly number[]) =>
  npyFile("<i8", shape, bytesOf(BigInt64Array.from(values.map(BigInt))));

/** CRC-32 bit by bit: slower than the source's table and independent of it. */
function crc(data: Uint8Array): number {
  let c = ~0;
  for (const byte of data) {
    c ^= byte;
    for (let bit = 0; bit < 8; bit++) c = (c >>> 1) ^ (0xedb88320 & -(c & 1));
  }
  return ~c >>> 0;
}

interface ZipOptions {
  readonly method?: 0 | 8 | 12;
  /** Added to every checksum, to make it wrong. */
  readonly crcError?: number;
  /** Added to every unpacked size, to make it wrong. */
  readonly sizeError?: number;
  readonly comment?: string;
}

export function zipFile(
  entries: Readonly<Record<string, Uint8Array>>,
  { method = 8, crcError = 0, sizeError = 0, comment = "" }: ZipOptions = {},
): Uint8Array {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, data] of Object.entries(entries)) {
    const packed = method === 8 ? deflateRawSync(data) : Buffer.from(data);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE((crc(data) + crcError) >>> 0, 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(data.length + sizeError, 18);
    common.writeUInt16LE(name.length, 22);
    // The local header has an extra field that the central one lacks, as NumPy's do.
    const extra = Buffer.from([1, 0, 0, 0]);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), extra, packed]);
    local.writeUInt16LE(extra.length, 28);
    parts.push(local);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\0"), common, tail, Buffer.from(name)]));
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(central.length, 8);
  end.writeUInt16LE(central.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return new Uint8Array(Buffer.concat([...parts, directory, end, Buffer.from(comment)]));
}

export const text = (content: string): Uint8Array => new TextEncoder().encode(content);
