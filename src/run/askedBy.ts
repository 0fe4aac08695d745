// The request of `measure`, `escape`, `explore` and `suggest`: one line of JSON on standard input. Whoever asks keeps the pipe open; when it closes, however
// that came about, nobody waits for the answer any more and this process ends.
import { readSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { MeasureRequest } from "../protocol/request";

/** More than this is no experiment. */
const longestRequest = 64 * 2 ** 20;
const newline = 10;

/** Reads the request. Input that ends without a newline is one from a caller who does not stay: the answer is given all the same. */
export function readRequest(): MeasureRequest {
  const chunks: Buffer[] = [];
  for (let size = 0; size < longestRequest;) {
    const chunk = Buffer.alloc(1 << 16);
    const got = readSome(chunk);
    if (got === 0) break;
    size += got;
    chunks.push(chunk.subarray(0, got));
    if (chunk[got - 1] !== newline) continue;
    endWithCaller();
    break;
  }
  return JSON.parse(Buffer.concat(chunks).toString("utf8")) as MeasureRequest;
}

function readSome(chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(0, chunk);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** In a thread of its own: a long computation keeps this one from hearing of the pipe. There is nothing to tidy up. */
function endWithCaller(): void {
  const code = `
    const end = () => process.kill(process.pid, "SIGKILL");
    new (require("node:net").Socket)({ fd: 0, readable: true, writable: false }).on("error", end).on("close", end).resume();`;
  new Worker(code, { eval: true }).unref();
}
