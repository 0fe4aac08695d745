// Downloads from a server that stalls, truncates, corrupts, ignores Range and answers errors.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { download, type DownloadOptions } from "../../../src/cli/download/download";
import { fetchSet } from "../../../src/cli/download/fetchSet";
import type { NamedSet } from "../../../src/protocol/namedSets";
import { Rng } from "../../../src/util/rng";
import { badServer, type Answer, type BadServer } from "../../support/badServer";

const rng = new Rng(0, "download");
const content = gzipSync(Uint8Array.from({ length: 50_000 }, () => rng.below(256)));
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");
const file = { name: "a.gz", bytes: content.length, md5: md5(content) };

const servers: BadServer[] = [];
const serve = async (...given: Parameters<typeof badServer>) => {
  const server = await badServer(...given);
  servers.push(server);
  return server;
};
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** A folder that goes when the test has finished. */
function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "basin-fetch-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
function options(more: Partial<DownloadOptions> = {}) {
  const notes: string[] = [];
  const all: DownloadOptions = {
    signal: new AbortController().signal,
    onProgress: () => undefined,
    onNote: (message) => notes.push(message),
    stallMilliseconds: 1000,
    attempts: 3,
    backoffMilliseconds: 1,
    ...more,
  };
  return { notes, all };
}

/** Downloads into a new folder from a server that answers so. */
async function attempt(answers: readonly Answer[], already?: Uint8Array) {
  const server = await serve({ "a.gz": content }, { "a.gz": answers });
  const folder = temporary();
  const target = join(folder, "a.gz");
  if (already) writeFileSync(`${target}.partial`, already);
  const { notes, all } = options();
  const result = download(file, [server.home], target, all);
  return { result, target, folder, notes, server };
}

describe("a download that succeeds", () => {
  it.each<[string, readonly Answer[], readonly string[], Uint8Array?]>([
    ["from a good server", ["whole"], ["a.gz all"]],
    ["as the bytes are, though declared gzip-encoded", ["gzip-encoded"], ["a.gz all"]],
    [
      "resumed after a closed connection",
      [{ cut: 1000, then: "close" }, "whole"],
      ["a.gz all", "a.gz bytes=1000-"],
    ],
    ["resumed after silence", [{ cut: 2000, then: "stall" }, "whole"], ["a.gz all", "a.gz bytes=2000-"]],
    [
      "resumed after an answer that ended early",
      [{ cut: 3000, then: "end" }, "whole"],
      ["a.gz all", "a.gz bytes=3000-"],
    ],
    ["tried again after 503", [{ status: 503 }, "whole"], ["a.gz all", "a.gz all"]],
    [
      "from a server that ignores Range: from the start",
      ["ignores Range"],
      ["a.gz bytes=500-"],
      content.subarray(0, 500),
    ],
    ["resumed from an earlier call", ["whole"], ["a.gz bytes=500-"], content.subarray(0, 500)],
    [
      "begun anew when what was there is of another file",
      ["whole"],
      ["a.gz bytes=500-", "a.gz all"],
      Buffer.alloc(500),
    ],
    ["begun anew when what was there is too long", ["whole"], ["a.gz all"], Buffer.alloc(content.length + 1)],
    ["begun anew after 416", [{ status: 416 }, "whole"], ["a.gz bytes=500-", "a.gz all"], Buffer.alloc(500)],
    ["verified only, when all had arrived", ["whole"], [], content],
  ])("%s", async (_what, answers, requests, already) => {
    const { result, target, folder, server } = await attempt(answers, already);
    expect(await result).toBe("fetched");
    expect(md5(readFileSync(target))).toBe(file.md5);
    expect(server.requests).toEqual(requests);
    expect(readdirSync(folder)).toEqual(["a.gz"]);
  });

  it("says in each note what went wrong and from where it goes on", async () => {
    const { result, notes } = await attempt([
      { cut: 2000, then: "stall" },
      { status: 500 },
      { cut: 1000, then: "close" },
      "whole",
    ]);
    await result;
    expect(notes).toEqual([
      "a.gz: nothing came for 1 s; trying again in 0.001 s, from byte 2000",
      "a.gz: HTTP status 500; trying again in 0.002 s, from byte 2000",
      "a.gz: the connection was closed; trying again in 0.001 s, from byte 3000",
    ]);
  });

  it("follows redirects, and asks the next home when one refuses", async () => {
    const good = await serve({ "a.gz": content });
    const other = await serve({}, { "a.gz": [{ redirect: `${good.home}a.gz` }] });
    const none = await serve({});
    const target = join(temporary(), "a.gz");
    expect(await download(file, [none.home, other.home], target, options().all)).toBe("fetched");
    expect([none, other, good].map(({ requests }) => requests.length)).toEqual([1, 1, 1]);
  });

  it("reports progress that ends at the size", async () => {
    const server = await serve({ "a.gz": content });
    const seen: number[] = [];
    const { all } = options({ onProgress: (received) => seen.push(received) });
    await download(file, [server.home], join(temporary(), "a.gz"), all);
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBe(content.length);
  });

  it("is not repeated when the file is there, and repeated when it is damaged", async () => {
    const server = await serve({ "a.gz": content });
    const target = join(temporary(), "a.gz");
    writeFileSync(target, content);
    expect(await download(file, [server.home], target, options().all)).toBe("present");
    writeFileSync(target, Buffer.alloc(content.length));
    expect(await download(file, [server.home], target, options().all)).toBe("fetched");
    expect(server.requests).toEqual(["a.gz all"]);
    expect(md5(readFileSync(target))).toBe(file.md5);
  });
});

describe("a download that fails", () => {
  it.each<[string, readonly Answer[], string, number]>([
    ["a wrong checksum", ["corrupt"], `expected ${file.md5}`, 1],
    ["404", [{ status: 404 }], "HTTP status 404", 1],
    ["500 again and again", [{ status: 500 }], "HTTP status 500", 3],
    ["silence again and again", [{ cut: 0, then: "stall" }], "nothing came for 1 s", 3],
    ["too many bytes", ["too long"], `it sends more than the ${content.length} bytes expected`, 1],
    ["redirects in a circle", [{ redirect: "/a.gz" }], "more than 5 redirects", 18],
  ])("says %s, and leaves no file under the name", async (_what, answers, message, requests) => {
    const { result, folder, server } = await attempt(answers);
    await expect(result).rejects.toThrow(message);
    expect(server.requests).toHaveLength(requests);
    expect(readdirSync(folder)).not.toContain("a.gz");
  });

  it("names every home with its answer", async () => {
    const [a, b] = [await serve({}), await serve({}, { "a.gz": [{ status: 403 }] })];
    const failed = download(file, [a.home, b.home], join(temporary(), "a.gz"), options().all);
    await expect(failed).rejects.toThrow(
      `a.gz could not be fetched.\n  ${a.home}a.gz: HTTP status 404\n  ${b.home}a.gz: HTTP status 403`,
    );
  });

  it("does not mix a range that was not asked for into the file", async () => {
    const { result } = await attempt(["wrong range"], content.subarray(0, 500));
    await expect(result).rejects.toThrow("asked for byte 500, it sent byte 501");
  });

  it("says that nobody listens", async () => {
    const server = await badServer({});
    await server.close();
    const failed = download(file, [server.home], join(temporary(), "a.gz"), options().all);
    await expect(failed).rejects.toThrow("ECONNREFUSED");
  });

  it("stops at once when aborted and keeps what has arrived", async () => {
    const server = await serve({ "a.gz": content }, { "a.gz": [{ cut: 4000, then: "stall" }] });
    const target = join(temporary(), "a.gz");
    const interrupt = new AbortController();
    const { all } = options({
      signal: interrupt.signal,
      stallMilliseconds: 60_000,
      onProgress: (received) => received === 4000 && interrupt.abort(),
    });
    await expect(download(file, [server.home], target, all)).rejects.toThrow("abort");
    expect(readFileSync(`${target}.partial`)).toEqual(content.subarray(0, 4000));
  });
});

/** A ustar archive, written down apart from the reader. */
function tar(members: Readonly<Record<string, Uint8Array>>): Buffer {
  const blocks = Object.entries(members).flatMap(([name, data]) => {
    const header = Buffer.alloc(512);
    header.write(name);
    header.write("0000644\0", 100);
    header.write(`${data.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("ustar\x0000", 257);
    // The checksum counts its own place as spaces.
    header.fill(" ", 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

describe("a set", () => {
  const report = () => {
    const files: string[] = [];
    return {
      files,
      progress: () => undefined,
      note: () => undefined,
      file: (path: string, status: string) => files.push(`${path.split("/").at(-1)} ${status}`),
    };
  };
  const setOf = (archive: Uint8Array, bytes: number): NamedSet => ({
    name: "s",
    about: "A set for this test.",
    downloads: [{ name: "s.tar.gz", bytes: archive.length, md5: md5(archive) }],
    homes: [],
    members: { folder: "in", names: ["one.bin", "two.bin"], bytes },
    examples: { train: 1, test: 1 },
  });
  const [one, two] = [Uint8Array.from({ length: 700 }, (_, i) => i), new Uint8Array(700).fill(7)];
  const archive = gzipSync(
    tar({ "in/": new Uint8Array(0), "in/readme": Buffer.alloc(3), "in/one.bin": one, "in/two.bin": two }),
  );

  it("in an archive is unpacked, the archive removed, and there the next time", async () => {
    const server = await serve({ "s.tar.gz": archive });
    const folder = join(temporary(), "cache", "s");
    const [first, second] = [report(), report()];
    await fetchSet(setOf(archive, 700), folder, first, { ...options().all, homes: [server.home] });
    expect(first.files).toEqual(["one.bin unpacked", "two.bin unpacked"]);
    expect(readdirSync(folder).sort()).toEqual(["one.bin", "two.bin"]);
    expect(readFileSync(join(folder, "one.bin"))).toEqual(Buffer.from(one));
    await fetchSet(setOf(archive, 700), folder, second, { ...options().all, homes: [server.home] });
    expect(second.files).toEqual(["one.bin present", "two.bin present"]);
    expect(server.requests).toHaveLength(1);
  });

  it("whose archive lacks a member, or has it in another size, says so", async () => {
    const server = await serve({ "s.tar.gz": archive });
    const size = fetchSet(setOf(archive, 800), temporary(), report(), {
      ...options().all,
      homes: [server.home],
    });
    await expect(size).rejects.toThrow("has 700 bytes of in/one.bin; expected 800 bytes.");
    const other = gzipSync(tar({ "in/one.bin": one }));
    const lacking = await serve({ "s.tar.gz": other });
    const member = fetchSet(setOf(other, 700), temporary(), report(), {
      ...options().all,
      homes: [lacking.home],
    });
    await expect(member).rejects.toThrow("has no in/two.bin");
  });

  it("whose archive ends inside a member says so", async () => {
    const short = gzipSync(tar({ "in/one.bin": one }).subarray(0, 900));
    const server = await serve({ "s.tar.gz": short });
    const failed = fetchSet(setOf(short, 700), temporary(), report(), {
      ...options().all,
      homes: [server.home],
    });
    await expect(failed).rejects.toThrow("ends inside in/one.bin");
  });

  it("whose archive is damaged in a header says so, and leaves no member", async () => {
    const bytes = tar({ "in/one.bin": one, "in/two.bin": two });
    bytes[2] ^= 1;
    const damaged = gzipSync(bytes);
    const server = await serve({ "s.tar.gz": damaged });
    const folder = temporary();
    const failed = fetchSet(setOf(damaged, 700), folder, report(), {
      ...options().all,
      homes: [server.home],
    });
    await expect(failed).rejects.toThrow("no tar header where");
    expect(readdirSync(folder)).toEqual(["s.tar.gz"]);
  });

  it("whose folder cannot be made is a mistake that names BASIN_CACHE", async () => {
    const blocked = join(temporary(), "file");
    writeFileSync(blocked, "");
    const failed = fetchSet(setOf(archive, 700), join(blocked, "s"), report(), {
      ...options().all,
      homes: [],
    });
    await expect(failed).rejects.toThrow("cannot be made (ENOTDIR)\n  Set BASIN_CACHE");
  });
});
