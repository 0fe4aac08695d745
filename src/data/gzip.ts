// Unpacks gzip where a file is gzipped.
import { gunzipSync } from "node:zlib";
import { fileError } from "../protocol/errors";

/**
 * The contents of a file that may be gzipped. Told by its first two bytes, not by its name: browsers and mirrors unpack
 * without renaming.
 *
 * @throws UserError when the gzip stream is truncated or damaged.
 */
export function unpack(bytes: Uint8Array, file: string): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    const message = `Expected a whole gzip file; unpacking failed: ${(error as Error).message}.`;
    throw fileError(file, message, "The file is truncated or damaged; download it again.");
  }
}
