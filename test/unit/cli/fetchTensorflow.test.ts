// What `basin fetch tensorflow` downloads is checked: other bytes than were published are refused, and nothing of them stays.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fetchTensorflow } from "../../../src/cli/download/fetchTensorflow";

/** As the registry publishes it. */
const published =
  "sha512-uHrXeUlfgkMxTZqHkESSV7zSdKdV0LlsBeblqkuKU9nnfxB1pC6DtoyYVaLxznzZy7WQSegjcohxxCjAf6Dc7w==";
const here = process.platform === "linux" && process.arch === "x64";
const pip = here && spawnSync("/usr/bin/python3", ["-m", "pip", "--version"]).status === 0;

let folder = "";
const cache = () => join(folder, "cache");

/** A program of this name, first on the path. */
function program(name: string, script: string): void {
  const file = join(folder, "bin", name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

/** An npm that installs a package of this integrity. */
const npmGiving = (integrity: string): void => {
  const lock = { packages: { "node_modules/@tensorflow/tfjs-node": { integrity } } };
  program("npm", `[ "$1" = install ] && echo '${JSON.stringify(lock)}' > package-lock.json\nexit 0`);
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "basin-fetch-"));
  mkdirSync(join(folder, "bin"));
  for (const name of ["c++", "make", "python3"]) program(name, "exit 0");
  vi.stubEnv("PATH", `${join(folder, "bin")}${delimiter}${process.env.PATH}`);
  vi.stubEnv("BASIN_CACHE", cache());
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const fetched = () => fetchTensorflow({ note: () => undefined }, new AbortController().signal);
/** Every file below the cache. */
const left = () =>
  existsSync(cache()) ? readdirSync(cache(), { recursive: true, withFileTypes: true }) : [];

describe.skipIf(!here)("fetch tensorflow (Linux, x64)", () => {
  it("refuses an npm package of another integrity, and leaves nothing in the cache", async () => {
    npmGiving("sha512-AAAA");
    await expect(fetched()).rejects.toThrow(/npm gave another @tensorflow\/tfjs-node .* than was published/);
    expect(left().filter((entry) => !entry.isDirectory())).toEqual([]);
    expect(left().filter(({ name }) => name.includes("partial"))).toEqual([]);
  });

  it.skipIf(!pip)("refuses a Python package of other bytes, and leaves nothing in the cache", async () => {
    npmGiving(published);
    program("python3", `exec /usr/bin/python3 "$@"`);
    const wheels = join(folder, "wheels");
    mkdirSync(wheels);
    writeFileSync(join(wheels, "tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl"), "not it");
    vi.stubEnv("PIP_NO_INDEX", "1");
    vi.stubEnv("PIP_FIND_LINKS", wheels);
    await expect(fetched()).rejects.toThrow(/HASHES[\s\S]*2b847d21/);
    expect(left().filter((entry) => !entry.isDirectory())).toEqual([]);
    expect(left().filter(({ name }) => name.includes("partial"))).toEqual([]);
  });
});
