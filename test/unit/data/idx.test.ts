// IDX files: the real ones, and every way a file can be wrong.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { loadDataset } from "../../../src/data";
import { parseIdx } from "../../../src/data/idx";
import { UserError } from "../../../src/protocol/errors";
import { idxFile, reader } from "./files";

const images = idxFile([3, 2, 2], [0, 255, 51, 102, 10, 20, 30, 40, 0, 0, 0, 255]);
const labels = idxFile([3], [0, 9, 1]);
const pair = { images: "x.gz", labels: "y.gz" };
const spec = { source: "idx", train: pair, scale: "unit" } as const;
const load = (files: Record<string, Uint8Array>, more: object = {}) =>
  loadDataset(
    { ...spec, ...more },
    { readBytes: reader({ "x.gz": images, "y.gz": labels, ...files }), seed: 0 },
  );

describe("idx", () => {
  it("reads gzipped and plain files alike, whatever their names", async () => {
    const plain = await load({});
    expect(await load({ "x.gz": gzipSync(images), "y.gz": gzipSync(labels) })).toEqual(plain);
    expect(plain.inputShape).toEqual([1, 2, 2]);
    expect([...plain.train.x.subarray(0, 4)]).toEqual([...Float32Array.of(0, 1, 0.2, 0.4)]);
    expect([...(plain.train.labels ?? [])]).toEqual([0, 9, 1]);
    expect(plain.test).toBeNull();
  });

  it("takes the first examples but counts classes over the whole file", async () => {
    const { train, outputs } = await load({}, { train: { ...pair, take: 1 } });
    expect([train.n, outputs]).toEqual([1, 10]);
    expect(train.y).toHaveLength(10);
  });

  it("makes as many outputs as `classes` says", async () => {
    expect((await load({}, { classes: 12 })).outputs).toBe(12);
  });

  it("standardizes each pixel by the training mean and deviation; a pixel that never varies becomes 0", async () => {
    const train = idxFile([2, 2, 1], [10, 7, 30, 7]);
    const test = idxFile([1, 2, 1], [50, 9]);
    const files = { "x.gz": train, "y.gz": idxFile([2], [0, 1]), tx: test, ty: idxFile([1], [1]) };
    const data = await load(files, { scale: "standardize", test: { images: "tx", labels: "ty" } });
    expect([...data.train.x]).toEqual([-1, 0, 1, 0]);
    expect([...(data.test?.x ?? [])]).toEqual([3, 0]);
  });

  it.each<[string, Record<string, Uint8Array>, string, object?]>([
    [
      "a truncated gzip stream",
      { "x.gz": gzipSync(images).subarray(0, 30) },
      "x.gz: Expected a whole gzip file; unpacking failed",
    ],
    [
      "a damaged gzip stream",
      { "x.gz": gzipSync(images).map((b, i) => (i === 15 ? b ^ 0xff : b)) },
      "x.gz: Expected a whole gzip file",
    ],
    ["an empty file", { "x.gz": new Uint8Array(0) }, "x.gz: Expected an IDX file; found only 0 bytes"],
    [
      "another format",
      { "x.gz": new TextEncoder().encode("<html>not found</html>") },
      "magic number 2051 or 2049); found 3c 68 74 6d",
    ],
    [
      "elements that are no bytes",
      { "x.gz": idxFile([1, 1, 1], [0, 0, 0, 0], 0x0d) },
      "type 0x08 (unsigned byte); found 0x0d",
    ],
    [
      "a truncated header",
      { "x.gz": images.subarray(0, 9) },
      "x.gz: The file is truncated: an IDX header of 3 dimensions takes 16 bytes; found 9",
    ],
    [
      "truncated pixels",
      { "x.gz": images.subarray(0, 20) },
      "x.gz: The file is truncated: its header says 3×2×2 = 12 bytes; found 4",
    ],
    [
      "bytes behind the pixels",
      { "x.gz": Uint8Array.of(...images, 0) },
      "x.gz: The file has bytes behind its data: its header says 3×2×2 = 12 bytes; found 13",
    ],
    ["labels for images", { "x.gz": labels }, "x.gz: Expected IDX images, magic number 2051; found 2049"],
    ["images for labels", { "y.gz": images }, "y.gz: Expected IDX labels, magic number 2049; found 2051"],
    [
      "fewer labels than images",
      { "y.gz": idxFile([2], [0, 1]) },
      "y.gz: Expected 3 labels, one for each image of x.gz; found 2",
    ],
    ["a header that promises 2³² images", { "x.gz": idxFile([0xffffffff, 28, 28], []) }, "truncated"],
    [
      "no examples",
      { "x.gz": idxFile([0, 2, 2], []), "y.gz": idxFile([0], []) },
      "x.gz: Expected at least one example",
    ],
    ["images of no pixels", { "x.gz": idxFile([3, 0, 2], []) }, "at least one pixel; found size 0×2"],
    [
      "more taken than there are",
      {},
      "x.gz: Expected at least the 4 examples that `take` asks for; the file holds 3",
      { train: { ...pair, take: 4 } },
    ],
    [
      "a label beyond `classes`",
      { "y.gz": idxFile([3], [0, 11, 1]) },
      "y.gz: Label 11 of example 1 is out of range: expected 0 … 9, the 10 classes of data.classes",
      { classes: 10 },
    ],
    [
      "a training label out of line",
      { "y.gz": idxFile([3], [0, 200, 1]) },
      "y.gz: Label 200 of example 1 is out of range: expected labels from 0 without gaps, but no example has label 2",
    ],
    [
      "a test label that training lacks",
      { tx: images, ty: idxFile([3], [0, 9, 11]) },
      "ty: Label 11 of example 2 is out of range: expected 0 … 9",
      { test: { images: "tx", labels: "ty" } },
    ],
    [
      "test images of another size",
      { tx: idxFile([1, 1, 1], [0]), ty: idxFile([1], [0]) },
      "tx: Expected images of the training set's size 2×2; found 1×1",
      { test: { images: "tx", labels: "ty" } },
    ],
  ])("refuses %s", async (_what, files, message, more) => {
    const failure = load(files, more);
    await expect(failure).rejects.toBeInstanceOf(UserError);
    await expect(failure).rejects.toThrow(message);
  });
});

const real = "../shared/data/";
const there = existsSync(`${real}fashion-mnist`);
describe.skipIf(!there)(`idx on real files${there ? "" : ` (skipped: no ${real})`}`, () => {
  const readBytes = (path: string) => readFile(`${real}${path}`);

  it("reads Fashion-MNIST: first labels 9 0 0 3 0 2 7 2 5 5, mean pixel 72.54", async () => {
    const train = {
      images: "fashion-mnist/train-first3615-images-idx3-ubyte.gz",
      labels: "fashion-mnist/train-first3615-labels-idx1-ubyte.gz",
    };
    const data = await loadDataset({ source: "idx", train, scale: "none" }, { readBytes, seed: 0 });
    expect([...(data.train.labels ?? []).slice(0, 10)]).toEqual([9, 0, 0, 3, 0, 2, 7, 2, 5, 5]);
    expect(data).toMatchObject({ inputShape: [1, 28, 28], outputs: 10, train: { n: 3615 }, test: null });
    expect(data.train.x.reduce((a, b) => a + b, 0) / data.train.x.length).toBeCloseTo(72.54, 2);
  });

  it("reads MNIST's test set beside its training set", async () => {
    const of = (part: string) => ({
      images: `mnist/${part}-images-idx3-ubyte.gz`,
      labels: `mnist/${part}-labels-idx1-ubyte.gz`,
      take: 500,
    });
    const spec = {
      source: "idx",
      train: of("train-first4000"),
      test: of("t10k-first2000"),
      scale: "unit",
    } as const;
    const data = await loadDataset(spec, { readBytes, seed: 0 });
    expect([data.train.n, data.test?.n, data.outputs]).toEqual([500, 500, 10]);
    expect(data.train.x.reduce((a, b) => Math.max(a, b))).toBe(1);
    // MNIST's published first labels: 5 0 4 1 9 and 7 2 1 0 4.
    expect([...(data.train.labels ?? []).slice(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    expect([...(data.test?.labels ?? []).slice(0, 5)]).toEqual([7, 2, 1, 0, 4]);
  });
});

it("a gzip file that unpacks to far more than its header promises is given up", () => {
  const bomb = gzipSync(new Uint8Array([...idxFile([2, 2], [1, 2, 3, 4]), ...new Uint8Array(2 ** 20)]));
  expect(() => parseIdx(bomb, "bomb.gz")).toThrow(
    /bomb\.gz: It unpacks to more than \d+ bytes, .* its header promises/,
  );
});
