// Unpacks chosen members of a .tar.gz, one after the other, none of them whole in memory.
import { createReadStream, createWriteStream } from "node:fs";
import { rename } from "node:fs/promises";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";

/**
 * Writes the wanted members; each gets its name when all of it is written.
 *
 * @param wanted Path in the archive → file to write.
 * @returns      The files written, with the sizes of their members.
 * @throws       Error when the archive is damaged or ends inside a member.
 */
export async function untar(
  archive: string,
  wanted: ReadonlyMap<string, string>,
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const entries = extract();
  let place = "a header";
  const writeMembers = async (): Promise<void> => {
    for await (const entry of entries) {
      place = entry.header.name;
      const target = wanted.get(place.replace(/^\.\//, ""));
      try {
        if (target === undefined)
          await pipeline(entry, new Writable({ write: (_chunk, _encoding, done) => done() }));
        else {
          await pipeline(entry, createWriteStream(`${target}.partial`));
          await rename(`${target}.partial`, target);
          found.set(target, entry.header.size ?? 0);
        }
      } catch (error) {
        // The reader must fail with this error too, not with that of a stream closed too early.
        entries.destroy(error as Error);
        throw error;
      }
      place = "a header";
    }
  };
  const reading = pipeline(createReadStream(archive), createGunzip(), entries);
  // Both are waited for, so that nothing is still written when an error is told.
  const [read, written] = await Promise.allSettled([reading, writeMembers()]);
  if (read.status === "rejected") throw explain(read.reason as Error, archive, place);
  if (written.status === "rejected") throw explain(written.reason as Error, archive, place);
  return found;
}

/** The library's own errors name no file; those of the system and of gzip have a code and pass as they are. */
function explain(error: Error, archive: string, place: string): Error {
  if ("code" in error) return error;
  return /end of data/.test(error.message)
    ? new Error(`${archive} ends inside ${place}`)
    : new Error(`no tar header where ${archive} should have one`);
}
