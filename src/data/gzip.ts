// Unpacks gzip where a file is gzipped.
import { constants, gunzipSync } from "node:zlib";
import { fileError } from "../protocol/errors";

/** What a file may unpack to when nothing in it says how long it is. */
const most = 2 ** 31;
/** Packed bytes that surely hold the header of the data, and unpacked ones let through beyond what it promises, for a message of its own. */
const [headBytes, slack] = [4096, 65536];

/**
 * The contents of a file that may be gzipped. Told by its first two bytes, not by its name: browsers and mirrors unpack
 * without renaming.
 *
 * @param promised  How many bytes the data has by its own first bytes: what unpacks to more is given up, a small file that would fill the memory.
 * @throws UserError when the gzip stream is truncated, damaged or longer than it should be.
 */
export function unpack(
  bytes: Uint8Array,
  file: string,
  promised: (head: Uint8Array) => number = () => most,
): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  let limit = most;
  try {
    const head = gunzipSync(bytes.subarray(0, headBytes), { finishFlush: constants.Z_SYNC_FLUSH });
    limit = Math.min(most, promised(head) + slack);
    return gunzipSync(bytes, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw fileError(
        file,
        `It unpacks to more than ${limit} bytes, which is more than ${limit === most ? "is read at once" : "its header promises"}.`,
        "The file is damaged, or no data set.",
      );
    const message = `Expected a whole gzip file; unpacking failed: ${(error as Error).message}.`;
    throw fileError(file, message, "The file is truncated or damaged; download it again.");
  }
}
