// Basin listens on no port and sends nothing anywhere, `basin fetch` aside.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join, relative, sep } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { eventsOf, root, startRun, temporary } from "../support/runs";

/** The sockets of a process that are not of this machine's own kind (pipes between processes). */
function networkSockets(pid: number): string[] {
  const tables = ["tcp", "tcp6", "udp", "udp6"].flatMap((name) => {
    const lines = readFileSync(`/proc/${pid}/net/${name}`, "utf8").trimEnd().split("\n").slice(1);
    return lines.map((line) => line.trim().split(/\s+/)[9]);
  });
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode !== undefined && tables.includes(inode) ? [inode] : [];
    } catch {
      return [];
    }
  });
}

test.skipIf(process.platform !== "linux")("a run that trains holds no socket of a network", async () => {
  const server = createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  expect(networkSockets(process.pid)).toHaveLength(1);
  const { run, child, exited } = startRun(temporary(), {
    name: "quiet",
    data: { source: "chebyshev", degree: 3, examples: 12 },
    model: { kind: "mlp", hidden: [8], activation: "tanh" },
    loss: "mse",
    optimizer: { kind: "sgd", learningRate: 0.05, batchSize: 3 },
    stop: { minutes: 10 },
    closing: { seconds: 0 },
  });
  const trains = () => {
    try {
      return eventsOf(run).some(({ kind }) => kind === "metrics");
    } catch {
      return false;
    }
  };
  await expect.poll(trains, { timeout: 60_000 }).toBe(true);
  expect(networkSockets(child.pid!)).toEqual([]);
  child.kill("SIGTERM");
  expect(await exited).toBe(130);
});

test("nothing but what `basin fetch` is made of can reach a network", () => {
  const reaches =
    /from "(node:)?(https?|http2|net|dgram|tls)"|\b(fetch|sendBeacon)\(|new (WebSocket|EventSource|XMLHttpRequest)\b/;
  const files = ["src", "webview"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(root, folder, name)),
  );
  const found = files.filter((file) => reaches.test(readFileSync(file, "utf8")));
  expect(found.map((file) => relative(root, file).split(sep).join("/"))).toEqual(["src/cli/download/get.ts"]);
});
