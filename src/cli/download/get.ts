// One HTTP GET: redirects followed, a part of the file asked for, silence noticed. The bytes come as they are served.
import * as http from "node:http";
import * as https from "node:https";

export interface Got {
  readonly status: number;
  /** Position of the first byte of the body in the file. */
  readonly from: number;
  readonly body: AsyncIterable<Buffer>;
  /** Drops the connection; for a body that is not read to its end. */
  close(): void;
}

export interface GetOptions {
  /** Asks for the bytes from this position on; the server may send the whole file instead. */
  readonly from: number;
  /** Longest silence, before the answer or within it. */
  readonly stallMilliseconds: number;
  readonly signal: AbortSignal;
}

const mostRedirects = 5;
const graceMilliseconds = 500;

/** Node's own `fetch` would unpack a .gz that a server declares as gzip-encoded, and its checksum would be another. */
export async function get(url: string, options: GetOptions, redirects = 0): Promise<Got> {
  const { from, stallMilliseconds, signal } = options;
  // No agent: a connection kept from an answer that failed may be closing just now.
  const headers = { "accept-encoding": "identity", ...(from > 0 ? { range: `bytes=${from}-` } : {}) };
  const request = (url.startsWith("https:") ? https : http).get(url, { headers, signal, agent: false });
  let timer: NodeJS.Timeout | undefined;
  let silence: Error | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      // A process that was held up itself finds the timer before the bytes that wait: those get half a second to be read.
      timer = setTimeout(() => {
        silence = new Error(`nothing came for ${stallMilliseconds / 1000} s`);
        request.destroy(silence);
      }, graceMilliseconds);
    }, stallMilliseconds - graceMilliseconds);
  };
  const close = () => {
    clearTimeout(timer);
    request.destroy();
  };
  alive();
  try {
    const response = await new Promise<http.IncomingMessage>((done, failed) => {
      request.once("response", done);
      // Stays for the life of the request: an error after the response reaches the reader of the body as well.
      request.on("error", failed);
    });
    alive();
    const { statusCode: status = 0, headers: answered } = response;
    if (status >= 300 && status < 400 && answered.location !== undefined) {
      close();
      if (redirects === mostRedirects) throw new Error(`more than ${mostRedirects} redirects`);
      return await get(new URL(answered.location, url).href, options, redirects + 1);
    }
    const start = status === 206 ? Number(/^bytes (\d+)-/.exec(answered["content-range"] ?? "")?.[1]) : 0;
    // From now on, not from when the body is first read: what happens until then must not be missed.
    const chunks = arrivals(response, alive);
    async function* body() {
      try {
        for await (const chunk of chunks) yield chunk;
      } catch (error) {
        // Node calls every end before the last byte "aborted".
        const { code } = error as NodeJS.ErrnoException;
        throw silence ?? (code === "ECONNRESET" ? new Error("the connection was closed") : error);
      } finally {
        close();
      }
    }
    return { status, from: start, body: body(), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Chunks that may wait for the reader before the connection is asked to hold. */
const mostWaiting = 64;

/**
 * The chunks of a body, then its end or its error. Reading the stream itself would lose what had arrived and was not read yet when
 * the connection closed.
 */
function arrivals(response: http.IncomingMessage, alive: () => void): AsyncGenerator<Buffer> {
  const waiting: Buffer[] = [];
  let over: { readonly error?: Error } | undefined;
  let wake = (): void => undefined;
  const finish = (error?: Error): void => {
    over ??= { error };
    wake();
  };
  response.on("data", (chunk: Buffer) => {
    alive();
    waiting.push(chunk);
    if (waiting.length >= mostWaiting) response.pause();
    wake();
  });
  response.once("end", () => finish());
  response.on("error", finish);
  response.once("close", () =>
    finish(response.complete ? undefined : new Error("the connection was closed")),
  );
  async function* read(): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = waiting.shift();
      if (chunk) {
        if (waiting.length === 0) response.resume();
        yield chunk;
      } else if (over) {
        if (over.error) throw over.error;
        return;
      } else await new Promise<void>((woken) => (wake = woken));
    }
  }
  return read();
}
