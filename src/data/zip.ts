// Reads a zip archive of stored or deflated entries: as much of the format as NumPy writes into an .npz.
import { inflateRawSync } from "node:zlib";
import { fileError } from "../protocol/errors";

const signature = { end: 0x06054b50, central: 0x02014b50, local: 0x04034b50 } as const;
const endSize = 22;

/**
 * All entries of an archive by name.
 *
 * @source  PKWARE APPNOTE 6.3, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.16 (its end).
 * @throws  UserError naming the file, what was expected and what was found.
 */
export function readZip(bytes: Uint8Array, file: string): Map<string, Uint8Array> {
  const bad = (message: string) =>
    fileError(
      file,
      `Expected a whole zip archive; ${message}.`,
      "The file is truncated or damaged; save it again.",
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const inside = (offset: number, length: number, what: string) => {
    if (offset + length > bytes.length)
      throw bad(`${what} should end at byte ${offset + length}, found ${bytes.length}`);
  };

  // The end record has a comment of up to 65535 bytes behind it, so it is searched for from the end.
  let end = bytes.length - endSize;
  while (end >= 0 && view.getUint32(end, true) !== signature.end)
    end = end < bytes.length - endSize - 0xffff ? -1 : end - 1;
  if (end < 0) throw bad("found no end of central directory");

  const entries = new Map<string, Uint8Array>();
  let at = view.getUint32(end + 16, true);
  for (let i = view.getUint16(end + 10, true); i > 0; i--) {
    inside(at, 46, "the central directory");
    if (view.getUint32(at, true) !== signature.central)
      throw bad(`found no central directory entry at byte ${at}`);
    const [method, crc, packed, size] = [
      view.getUint16(at + 10, true),
      view.getUint32(at + 16, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 24, true),
    ];
    const nameLength = view.getUint16(at + 28, true);
    const local = view.getUint32(at + 42, true);
    inside(at + 46, nameLength, "an entry's name");
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    if (packed === 0xffffffff || size === 0xffffffff || local === 0xffffffff) {
      throw bad(`entry ${name} is larger than the 4 GiB that are read`);
    }
    inside(local, 30, `the header of ${name}`);
    if (view.getUint32(local, true) !== signature.local)
      throw bad(`found no header of ${name} at byte ${local}`);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    inside(start, packed, `entry ${name}`);
    entries.set(name, unpackEntry(bytes.subarray(start, start + packed), { name, method, crc, size }, bad));
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

function unpackEntry(
  packed: Uint8Array,
  { name, method, crc, size }: { name: string; method: number; crc: number; size: number },
  bad: (message: string) => Error,
): Uint8Array {
  let data = packed;
  if (method === 8) {
    try {
      data = inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
    } catch (error) {
      throw bad(`entry ${name} cannot be unpacked: ${(error as Error).message}`);
    }
  } else if (method !== 0)
    throw bad(`entry ${name} is packed by method ${method}, expected 0 (stored) or 8 (deflated)`);
  if (data.length !== size) throw bad(`entry ${name} should unpack to ${size} bytes, found ${data.length}`);
  if (crc32(data) !== crc) throw bad(`entry ${name} does not match its checksum`);
  return data;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let c = byte;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** CRC-32 of zip and gzip. node:zlib has one only since Node 20.15. */
export function crc32(data: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of data) c = crcTable[(c ^ byte) & 0xff] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}
