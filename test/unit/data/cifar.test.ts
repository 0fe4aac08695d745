// CIFAR-10's binary format: the real files, layout, and every way a file can be wrong.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { loadDataset } from "../../../src/data";
import { cifarFile, reader } from "./files";

const load = (files: Record<string, Uint8Array>) =>
  loadDataset(
    { source: "cifar", train: { files: Object.keys(files) }, scale: "none" },
    { readBytes: reader(files), seed: 0 },
  );

describe("cifar", () => {
  it("reads the files one after another, channels first, ten classes whatever labels occur", async () => {
    const { train, inputShape, outputs } = await load({ a: cifarFile([3, 1]), b: cifarFile([7]) });
    expect({ inputShape, outputs, n: train.n }).toEqual({ inputShape: [3, 32, 32], outputs: 10, n: 3 });
    expect([...train.labels!]).toEqual([3, 1, 7]);
    expect([...train.x.subarray(3072, 3075)]).toEqual([1, 2, 3]);
    expect([...train.x.subarray(6144, 6147)]).toEqual([0, 1, 2]);
  });

  it.each([
    [
      "a truncated file",
      cifarFile([1, 2]).subarray(0, 5000),
      "found 5000 bytes, 1 records and 1927 bytes more",
    ],
    ["an empty file", new Uint8Array(0), "b: Expected CIFAR-10 records of 3073 bytes each; found 0 bytes"],
    ["a label above 9", cifarFile([1, 10]), "b: Record 1 (counted from 0) has label 10; expected 0 … 9"],
  ])("refuses %s by name", async (_what, bytes, message) => {
    await expect(load({ a: cifarFile([0]), b: bytes })).rejects.toThrow(message);
  });

  const shared = resolve(__dirname, "../../../..", "shared/data/cifar-10");
  it.skipIf(!existsSync(shared))("reads the real images (needs ../shared/data)", async () => {
    const data = await loadDataset(
      {
        source: "cifar",
        train: { files: ["data_batch_1_first4000.bin", "data_batch_2_first1000.bin"] },
        test: { files: ["test_batch_first1000.bin"], take: 500 },
        scale: "unit",
      },
      { readBytes: (file) => readFile(resolve(shared, file)), seed: 0 },
    );
    expect([data.train.n, data.test!.n]).toEqual([5000, 500]);
    expect([...data.train.labels!.subarray(0, 10)]).toEqual([6, 9, 9, 4, 1, 1, 2, 7, 8, 3]);
    expect([...data.test!.labels!.subarray(0, 10)]).toEqual([3, 8, 8, 0, 6, 6, 1, 6, 3, 1]);
    // Channel means of the whole training set are published as 0.4914, 0.4822, 0.4465.
    const means = [0, 1, 2].map((channel) => {
      let sum = 0;
      for (let i = 0; i < 5000; i++)
        for (let j = 0; j < 1024; j++) sum += data.train.x[i * 3072 + channel * 1024 + j];
      return sum / (5000 * 1024);
    });
    [0.4914, 0.4822, 0.4465].forEach((mean, c) => expect(Math.abs(means[c] - mean)).toBeLessThan(0.01));
  });
});
