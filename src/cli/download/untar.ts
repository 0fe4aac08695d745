// Unpacks chosen members of a .tar.gz: as much of the format as data sets are served in.
import { createReadStream } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

const block = 512;

/**
 * Writes the wanted members, each whole before it gets its name.
 *
 * @param wanted Path in the archive → file to write.
 * @returns      The members found, with their sizes.
 * @source       POSIX.1-1988 "ustar" interchange format: 512-byte headers, bodies padded to 512 bytes.
 * @throws       Error when the archive is damaged or ends inside a member.
 */
export async function untar(
  archive: string,
  wanted: ReadonlyMap<string, string>,
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  await pipeline(createReadStream(archive), createGunzip(), async (source: AsyncIterable<Buffer>) => {
    const exact = reader(source);
    for (;;) {
      const header = await exact(block);
      // The end: a block of zeros, or no block at all.
      if (header === null || header[0] === 0) break;
      const field = (from: number, to: number) => header.toString("latin1", from, to).split("\0")[0];
      const prefix = field(257, 262) === "ustar" ? field(345, 500) : "";
      const name = (prefix ? `${prefix}/` : "") + field(0, 100);
      const size = parseInt(field(124, 136).trim(), 8);
      if (!Number.isInteger(size)) throw new Error(`no tar header where ${archive} should have one`);
      const body = await exact(Math.ceil(size / block) * block);
      if (body === null) throw new Error(`${archive} ends inside ${name}`);
      const target = wanted.get(name.replace(/^\.\//, ""));
      if (target === undefined) continue;
      await writeFile(`${target}.partial`, body.subarray(0, size));
      await rename(`${target}.partial`, target);
      found.set(target, size);
    }
    // What stands behind the end is read as well: stopping early would abort the pipeline.
    while ((await exact(block)) !== null);
  });
  return found;
}

/** Reads exactly so many bytes at a time; null where the stream ends before. */
function reader(source: AsyncIterable<Buffer>): (count: number) => Promise<Buffer | null> {
  const iterator = source[Symbol.asyncIterator]();
  let rest: Buffer[] = [];
  let length = 0;
  return async (count) => {
    while (length < count) {
      const { value, done } = await iterator.next();
      if (done) return null;
      rest.push(value);
      length += value.length;
    }
    const all = rest.length === 1 ? rest[0] : Buffer.concat(rest, length);
    rest = [all.subarray(count)];
    length -= count;
    return all.subarray(0, count);
  };
}
