// An HTTP server on the loopback that misbehaves as told: what downloads must survive.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How one request is answered. `body` is what the file is; each answer sends some of it. */
export type Answer =
  | "whole"
  | "corrupt"
  | "too long"
  | "gzip-encoded"
  | { readonly status: number }
  | { readonly redirect: string }
  /** Sends so many bytes, then closes the connection, keeps silent, or ends the answer as if that were all. */
  | { readonly cut: number; readonly then: "close" | "stall" | "end" }
  | "ignores Range"
  | "wrong range";

export interface BadServer {
  readonly home: string;
  /** The requests so far: path and Range header. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** Answers the i-th request for each path by `answers[path][i]`, the last one again and again; a path without any is 404. */
export async function badServer(
  files: Readonly<Record<string, Uint8Array>>,
  answers: Readonly<Record<string, readonly Answer[]>> = {},
): Promise<BadServer> {
  const requests: string[] = [];
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const name = request.url!.slice(1);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    requests.push(`${name} ${request.headers.range ?? "all"}`);
    const list = answers[name] ?? (files[name] ? ["whole"] : [{ status: 404 }]);
    reply(request, response, files[name], list[Math.min(count, list.length - 1)]);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    home: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}

function reply(request: IncomingMessage, response: ServerResponse, body: Uint8Array, answer: Answer): void {
  if (typeof answer === "object" && "status" in answer) {
    response.writeHead(answer.status).end("no");
    return;
  }
  if (typeof answer === "object" && "redirect" in answer) {
    response.writeHead(302, { location: answer.redirect }).end();
    return;
  }
  const asked = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const from = answer === "ignores Range" ? 0 : asked;
  const sent = answer === "corrupt" ? body.map((byte) => byte ^ 1) : body;
  if (asked > 0 && from > 0) {
    const first = answer === "wrong range" ? from + 1 : from;
    response.writeHead(206, { "content-range": `bytes ${first}-${body.length - 1}/${body.length}` });
  } else if (answer === "gzip-encoded") response.writeHead(200, { "content-encoding": "gzip" });
  else response.writeHead(200);
  if (typeof answer !== "object") {
    response.end(Buffer.concat([sent.subarray(from), ...(answer === "too long" ? [Buffer.alloc(9)] : [])]));
    return;
  }
  response.write(sent.subarray(from, from + answer.cut), () => {
    if (answer.then === "end") response.end();
    else if (answer.then === "close") request.socket.end();
  });
}
