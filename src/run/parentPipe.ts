// A measurement outlives nobody who waits for it: it ends when the pipe from its parent closes, however the parent died.
import type { Readable } from "node:stream";

/** Exit status of a process that lost its parent: nobody reads it. */
const orphaned = 130;

/** Ends this process when `pipe`, whose other end the parent holds open, ends. */
export function endWithParent(pipe: Readable): void {
  const end = (): never => process.exit(orphaned);
  pipe.on("end", end).on("close", end).on("error", end);
  pipe.resume();
}
