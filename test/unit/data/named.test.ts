// Data sets by name: where they are looked for, and what is said when they are not there.
import { describe, expect, it } from "vitest";
import { loadDataset } from "../../../src/data";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { cacheFolder, cacheHere } from "../../../src/protocol/cacheFolder";
import { namedSets, setNames } from "../../../src/protocol/namedSets";
import { covered, least } from "../protocol/samples";
import { idxFile, reader } from "./files";
import { samples } from "./samples";

describe("the cache folder", () => {
  it("is BASIN_CACHE, else the platform's", () => {
    expect(cacheFolder({ BASIN_CACHE: "/c", XDG_CACHE_HOME: "/x" }, "linux", "/home/u")).toBe("/c");
    expect(cacheFolder({ XDG_CACHE_HOME: "/x" }, "linux", "/home/u")).toBe("/x/basin");
    expect(cacheFolder({}, "linux", "/home/u")).toBe("/home/u/.cache/basin");
    expect(cacheFolder({}, "darwin", "/Users/u")).toBe("/Users/u/Library/Caches/basin");
    expect(cacheFolder({ LOCALAPPDATA: "L" }, "win32", "H")).toBe("L/basin/Cache");
  });
});

describe("a named set", () => {
  const text = least.replace('"chebyshev"', '"mnist"');
  const check = (exists: (path: string) => boolean) =>
    checkExperiment(text, "/space/a.basin.json", { exists, cache: "/cache" });

  it("that is in the cache has no problems and takes everything by default", () => {
    const { problems, points } = check((path) => path.startsWith("/cache/mnist/"));
    expect(problems).toEqual([]);
    expect(points[0].experiment.data).toStrictEqual({ source: "mnist", train: {}, test: {}, scale: "unit" });
  });

  it("that is not is an error at data.source, with the command and the files", () => {
    const { problems, points } = check(() => false);
    expect(points).toEqual([]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ severity: "error", from: "check" });
    expect(covered(text, problems[0])).toBe('"mnist"');
    expect(problems[0].message).toBe(
      'Data set "mnist" is not on this machine: its files are not in /cache/mnist.',
    );
    expect(problems[0].hint).toBe(
      "Get it with `basin fetch mnist`. Offline, put train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, " +
        "t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz into /cache/mnist.",
    );
  });

  it("of which a file is missing names that file", () => {
    const { problems } = check((path) => path.startsWith("/cache/") && !path.includes("t10k-labels"));
    expect(problems[0].message).toContain("t10k-labels-idx1-ubyte.gz is not in /cache/mnist");
  });

  it.each(setNames)("%s that went missing before the run says how to get it", async (name) => {
    const [{ spec }] = samples[name];
    await expect(loadDataset(spec, { readBytes: reader({}), seed: 0 })).rejects.toThrow(
      `Get it with \`basin fetch ${name}\`. Offline, put`,
    );
    expect(Object.keys(namedSets)).toContain(name);
  });

  it("of which only a prefix is there is refused", async () => {
    const [{ spec, files }] = samples.mnist;
    const short = { ...files };
    for (const path of Object.keys(files))
      if (path.startsWith(cacheHere()) && path.includes("train-"))
        short[path] = path.includes("images")
          ? idxFile([2, 28, 28], new Uint8Array(1568))
          : idxFile([2], [0, 1]);
    await expect(loadDataset(spec, { readBytes: reader(short), seed: 0 })).rejects.toThrow(
      "Expected the 60000 examples of mnist; found 2.",
    );
  });
});

describe("keys that need labels", () => {
  it.each(["labelNoise", "only"])("`%s` on a regression source says why not", (key) => {
    const { problems } = checkExperiment(
      least.replace('"chebyshev"', `"chebyshev", "${key}": 0.1`),
      "/space/a.basin.json",
    );
    expect(problems).toHaveLength(1);
    expect(problems[0].message).toContain(`Unknown key \`${key}\``);
    expect(problems[0].hint).toContain(key === "only" ? "none to choose from" : "It needs class labels");
  });
});
