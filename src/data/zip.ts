// Reads a zip archive of stored or deflated entries: as much of the format as NumPy writes into an .npz.
// By hand, since fflate, a library for this, checks neither checksums nor bounds and names no entry in its errors.
import { constants, inflateRawSync, type ZlibOptions } from "node:zlib";
import { fileError } from "../protocol/errors";

const signature = { end: 0x06054b50, central: 0x02014b50, local: 0x04034b50 } as const;
const endSize = 22;

export interface ZipArchive {
  readonly names: readonly string[];
  /**
   * Unpacks one entry, undefined when there is none of that name. What is not asked for costs nothing.
   *
   * @param check  Sees the entry's first bytes and its length before the rest is unpacked; throws where they do not go together.
   */
  read(name: string, check?: CheckHead): Uint8Array | undefined;
}

type CheckHead = (head: Uint8Array, length: number) => void;
/** Packed bytes that surely hold the header of an array. */
const headBytes = 4096;

/** How an entry is packed, by the number in its header. */
const methods: Readonly<Record<number, string>> = {
  0: "stored",
  8: "deflated",
  9: "deflate64",
  12: "bzip2",
  14: "lzma",
  93: "zstd",
  95: "xz",
};

/** A deflated byte stands for no more than this many. @source zlib's technical details: 1032 to 1. */
const deflateRatio = 1032;

/**
 * An archive's entries by name, each unpacked when it is asked for: many may share one body.
 *
 * @source  PKWARE APPNOTE 6.3, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.16 (its end).
 * @throws  UserError naming the file, what was expected and what was found.
 */
export function openZip(bytes: Uint8Array, file: string): ZipArchive {
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

  const readEntry = (entry: Entry, check: CheckHead): Uint8Array => {
    const { name, local, packed } = entry;
    inside(local, 30, `the header of ${name}`);
    if (view.getUint32(local, true) !== signature.local)
      throw bad(`found no header of ${name} at byte ${local}`);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    inside(start, packed, `entry ${name}`);
    return unpackEntry(bytes.subarray(start, start + packed), entry, check, {
      bad,
      refuse: (message, hint) => fileError(file, message, hint),
    });
  };

  const entries = new Map<string, Entry>();
  let at = view.getUint32(end + 16, true);
  for (let i = view.getUint16(end + 10, true); i > 0; i--) {
    inside(at, 46, "the central directory");
    if (view.getUint32(at, true) !== signature.central)
      throw bad(`found no central directory entry at byte ${at}`);
    const [flags, method, crc, packed, size] = [
      view.getUint16(at + 8, true),
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
      throw bad(`entry ${name} is larger than the 4 GiB that are read (zip64)`);
    }
    const entry: Entry = { name, local, packed, size, crc, method, encrypted: (flags & 1) === 1 };
    entries.set(name, entry);
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return {
    names: [...entries.keys()],
    read: (name, check = () => undefined) => {
      const entry = entries.get(name);
      return entry && readEntry(entry, check);
    },
  };
}

interface Entry {
  readonly name: string;
  /** Byte of its own header. */
  readonly local: number;
  readonly packed: number;
  readonly size: number;
  readonly crc: number;
  readonly method: number;
  readonly encrypted: boolean;
}

interface Refusals {
  readonly bad: (message: string) => Error;
  readonly refuse: (message: string, hint: string) => Error;
}

function unpackEntry(
  packed: Uint8Array,
  { name, method, crc, size, encrypted }: Entry,
  check: CheckHead,
  { bad, refuse }: Refusals,
): Uint8Array {
  if (encrypted) throw refuse(`Entry ${name} is encrypted.`, "Save the archive without a password.");
  if (method !== 0 && method !== 8)
    throw refuse(
      `Entry ${name} is packed by ${methods[method] ?? "an unknown way"} (method ${method}); expected stored or deflated.`,
      "Save it with numpy.savez or numpy.savez_compressed.",
    );
  if (size > packed.length * (method === 8 ? deflateRatio : 1))
    throw bad(
      `entry ${name} should unpack to ${size} bytes, more than its ${packed.length} packed ones can hold`,
    );
  const inflate = (of: Uint8Array, options: ZlibOptions): Uint8Array => {
    try {
      return inflateRawSync(of, options);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
        throw bad(`entry ${name} should unpack to ${size} bytes, found more`);
      throw bad(`entry ${name} cannot be unpacked: ${(error as Error).message}`);
    }
  };
  const deflated = method === 8;
  const first = packed.subarray(0, headBytes);
  check(deflated ? inflate(first, { finishFlush: constants.Z_SYNC_FLUSH }) : packed, size);
  const data = deflated ? inflate(packed, { maxOutputLength: Math.max(1, size) }) : packed;
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
