// `basin fetch` as a user calls it, against a server on the loopback.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { badServer, type Answer } from "../support/badServer";
import { root, temporary } from "../support/runs";

const cli = join(root, "dist", "cli.js");
const first = "train-images-idx3-ubyte.gz";

/** Starts `basin` with a cache of its own. Never blocks this process: the server lives in it. */
function basin(cache: string, args: string[], onOutput?: (text: string, stop: () => void) => void) {
  const child = spawn(process.execPath, [cli, ...args], { env: { ...process.env, BASIN_CACHE: cache } });
  let [stdout, stderr] = ["", ""];
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    onOutput?.(stdout, () => child.kill("SIGINT"));
  });
  return new Promise<{ status: number | null; stdout: string; stderr: string }>((done) =>
    child.on("close", (status) => done({ status, stdout, stderr })),
  );
}

async function withServer<T>(
  answers: Record<string, readonly Answer[]>,
  use: (home: string, requests: string[]) => Promise<T>,
) {
  const bytes = new Uint8Array(26421880);
  const server = await badServer({ [first]: bytes }, answers);
  try {
    return await use(server.home, server.requests);
  } finally {
    await server.close();
  }
}

test("a file that is not what it should be fails with its checksum and what to do offline", async () => {
  await withServer({}, async (home) => {
    const cache = temporary();
    const { status, stdout, stderr } = await basin(cache, ["fetch", "fashion-mnist", "--from", home]);
    expect(status).toBe(1);

    expect(stdout).not.toMatch(/\u001b|\r/);
    expect(stdout).toMatch(/train-images-idx3-ubyte\.gz {2}50 % {2}\d+\.\d MB of 26\.4 MB/);
    expect(stderr).toContain("expected 8d4fb7e6c68d591d4c3dfef9ec88bf0d");
    expect(stderr).toContain(`Offline, put ${first}, `);
    expect(stderr).toContain(join(cache, "fashion-mnist"));
    expect(stderr).not.toContain("    at ");
    expect(existsSync(join(cache, "fashion-mnist", first))).toBe(false);
  });
});

test("Ctrl-C keeps what has arrived, and the same command asks for the rest", async () => {
  await withServer(
    { [first]: [{ cut: 9_000_000, then: "stall" }, { status: 404 }] },
    async (home, requests) => {
      const cache = temporary();
      const args = ["fetch", "fashion-mnist", "--from", home];
      let asked = false;
      const { status, stderr } = await basin(cache, args, (text, stop) => {
        if (!asked && text.includes("  30 %")) {
          asked = true;
          stop();
        }
      });
      expect(status).toBe(130);
      expect(stderr).toBe("Stopped. What has arrived is kept; the same command goes on from there.\n");
      const kept = readFileSync(join(cache, "fashion-mnist", `${first}.partial`)).length;
      expect(kept).toBeGreaterThan(7_000_000);
      expect((await basin(cache, args)).status).toBe(1);
      expect(requests).toEqual([`${first} all`, `${first} bytes=${kept}-`]);
    },
  );
});

test("--json prints one object a line", async () => {
  await withServer({ [first]: [{ cut: 100, then: "close" }, { status: 404 }] }, async (home) => {
    const { stdout } = await basin(temporary(), ["fetch", "fashion-mnist", "--from", home, "--json"]);
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events[0]).toEqual({ kind: "progress", file: first, received: 0, bytes: 26421880 });
    expect(events.at(-1)).toMatchObject({ kind: "note" });
  });
});

test.each([
  [["fetch", "fashion-mnis"], 'unknown data set "fashion-mnis"\n  Did you mean "fashion-mnist"?'],
  [["fetch"], "expects a name: fashion-mnist, mnist, cifar-10"],
  [["fetch", "mnist", "--from", "ftp://x"], '--from expects an http or https URL; found "ftp://x"'],
])("basin %j is bad input", async (args, message) => {
  const { status, stderr } = await basin(temporary(), args);
  expect(status).toBe(2);
  expect(stderr).toContain(message);
});

test("an experiment on a set that is not there does not start and says how to get it", async () => {
  const folder = temporary();
  const file = join(folder, "a.basin.json");
  writeFileSync(
    file,
    JSON.stringify({
      data: { source: "mnist" },
      model: { hidden: [4] },
      optimizer: { learningRate: 0.1 },
    }),
  );
  const { status, stderr } = await basin(join(folder, "cache"), ["run", file]);
  expect(status).toBe(2);
  expect(stderr).toContain('data.source: Data set "mnist" is not on this machine');
  expect(stderr).toContain("`basin fetch mnist`");
});

test.skipIf(process.platform !== "linux" || process.arch !== "x64")(
  "the TensorFlow engine says what is missing to build it, all at once, and leaves nothing behind",
  () => {
    const cache = temporary();
    const env = { ...process.env, BASIN_CACHE: cache, PATH: "/nowhere" };
    const args = [cli, "fetch", "tensorflow", "--yes"];
    const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
    expect(status).toBe(2);
    expect(stderr).toMatch(/without npm .* and a C\+\+ compiler .* and make/);
    expect(readdirSync(cache)).toEqual([]);
  },
);

test("the TensorFlow engine is not built unasked, and not twice", () => {
  const cache = temporary();
  const fetch = (...more: string[]) =>
    spawnSync(process.execPath, [cli, "fetch", "tensorflow", ...more], {
      env: { ...process.env, BASIN_CACHE: cache },
      encoding: "utf8",
      input: "",
    });
  expect(fetch()).toMatchObject({ status: 2, stderr: expect.stringContaining("--yes") as string });
  const folder = join(cache, "tensorflow-4.22.0");
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), "{}");
  expect(fetch("--yes")).toMatchObject({
    status: 0,
    stdout: expect.stringContaining(`${folder}  present`) as string,
  });
});
