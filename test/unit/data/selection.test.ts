// Which examples are used and what their labels are: skip, take, class filters, label noise.
import { describe, expect, it } from "vitest";
import { loadDataset } from "../../../src/data";
import type { DataSpec } from "../../../src/protocol/experiment";
import { f4, i8, idxFile, reader, text, zipFile } from "./files";

const labels = [3, 0, 1, 3, 2, 1, 0, 3];
const files = {
  x: idxFile([8, 1, 1], [0, 1, 2, 3, 4, 5, 6, 7]),
  y: idxFile([8], labels),
  tx: idxFile([3, 1, 1], [10, 11, 12]),
  ty: idxFile([3], [1, 2, 3]),
  npz: zipFile({
    "x_train.npy": f4([8, 1], [0, 1, 2, 3, 4, 5, 6, 7]),
    "y_train.npy": i8([8], labels),
    "x_test.npy": f4([3, 1], [10, 11, 12]),
    "y_test.npy": i8([3], [1, 2, 3]),
  }),
};
const idx = (more: object, part: object = {}): DataSpec => ({
  source: "idx",
  train: { images: "x", labels: "y", ...part },
  test: { images: "tx", labels: "ty" },
  scale: "none",
  ...more,
});
const load = (spec: DataSpec, seed = 0) => loadDataset(spec, { readBytes: reader(files), seed });
const at = async (spec: DataSpec) => {
  const { train, test } = await load(spec);
  return { x: [...train.x], labels: [...train.labels!], test: [...test!.x], testLabels: [...test!.labels!] };
};

it("examples of one class only are refused for a loss that tells classes apart, whichever key left them", async () => {
  const left: DataSpec[] = [
    idx({}, { skip: 3, take: 1 }),
    idx({ only: [3, 1] }, { skip: 4 }),
    { source: "npz", file: "npz", takeTrain: 1, scale: "none" },
  ];
  const context = { readBytes: reader(files), seed: 0 };
  for (const spec of left) {
    await expect(loadDataset(spec, { ...context, loss: "cross-entropy" })).rejects.toThrow(
      /Expected at least two classes; every label is \d\.\n.*use data with several classes/,
    );
    await expect(loadDataset(spec, { ...context, loss: "mse" })).resolves.toBeDefined();
  }
});

describe("skip and take", () => {
  it("leave out the first examples, then count", async () => {
    expect((await at(idx({}, { skip: 2, take: 3 }))).x).toEqual([2, 3, 4]);
    expect((await at(idx({}, { skip: 6 }))).x).toEqual([6, 7]);
  });

  it("say how many there are when there are too few", async () => {
    await expect(load(idx({}, { skip: 6, take: 3 }))).rejects.toThrow(
      "x: Expected at least the 3 examples that `take` asks for behind the 6 skipped; the file holds 8.\n  Set it to at most 2.",
    );
    await expect(load(idx({}, { skip: 8 }))).rejects.toThrow(
      "more than the 8 examples that `skip` leaves out",
    );
    await expect(load(idx({ only: [3, 1] }, { take: 6 }))).rejects.toThrow(
      "the file holds 5 of the classes in `only`",
    );
  });
});

describe("only", () => {
  const npz: DataSpec = { source: "npz", file: "npz", scale: "none", only: [3, 1] };
  it.each([
    ["idx", idx({ only: [3, 1] })],
    ["npz", npz],
  ])("%s keeps the classes listed, in both splits, renumbered in the list's order", async (_name, spec) => {
    expect(await at(spec)).toEqual({
      x: [0, 2, 3, 5, 7],
      labels: [0, 1, 0, 1, 0],
      test: [10, 12],
      testLabels: [1, 0],
    });
    expect((await load(spec)).outputs).toBe(2);
  });

  it("comes before skip and take", async () => {
    expect((await at(idx({ only: [1, 3] }, { skip: 1, take: 2 }))).x).toEqual([2, 3]);
    expect((await at({ ...npz, takeTrain: 2 })).x).toEqual([0, 2]);
  });

  it("refuses a label that no example has, and real-valued targets", async () => {
    await expect(load(idx({ only: [0, 7] }))).rejects.toThrow(
      "x: No example has label 7, which `only` asks for.",
    );
    const real = zipFile({ "x_train.npy": f4([2, 1], [0, 1]), "y_train.npy": f4([2, 1], [0.5, 1]) });
    const context = { readBytes: reader({ npz: real }), seed: 0 };
    await expect(loadDataset(npz, context)).rejects.toThrow(
      "`only` keeps classes, but y_train holds float targets",
    );
  });
});

describe("labelNoise", () => {
  const spirals: DataSpec = {
    source: "spirals",
    classes: 5,
    turns: 1,
    examples: 1000,
    testExamples: 100,
    noise: 0,
  };
  const noisy = (labelNoise: number, seed = 0) => load({ ...spirals, labelNoise }, seed);
  const wrong = async (labelNoise: number, seed = 0) => {
    const { train } = await noisy(labelNoise, seed);
    return [...train.labels!].flatMap((label, i) => (label === i % 5 ? [] : [i]));
  };

  it("makes exactly the fraction wrong, inputs and test labels untouched", async () => {
    expect(await wrong(0.3)).toHaveLength(300);
    expect(await wrong(1)).toHaveLength(1000);
    const [clean, dirty] = [await load(spirals), await noisy(0.3)];
    expect(dirty.train.x).toEqual(clean.train.x);
    expect(dirty.test).toEqual(clean.test);
  });

  it("chooses the other classes uniformly: each of 4 within 5 standard deviations", async () => {
    const { train } = await noisy(1);
    const counts = [0, 0, 0, 0, 0];
    train.labels!.forEach((label, i) => counts[(label - (i % 5) + 5) % 5]++);
    expect(counts[0]).toBe(0);
    // Binomial(1000, ¼): mean 250, deviation 13.7.
    for (const count of counts.slice(1)) expect(Math.abs(count - 250)).toBeLessThan(5 * 13.7);
  });

  it("is drawn from the seed, and a larger fraction keeps what a smaller one changed", async () => {
    expect(await wrong(0.3, 1)).not.toEqual(await wrong(0.3, 2));
    const [small, large] = [await noisy(0.1), await noisy(0.4)];
    for (const i of await wrong(0.1)) expect(large.train.labels![i]).toBe(small.train.labels![i]);
  });

  it("keeps the targets one-hot", async () => {
    const { train } = await noisy(0.5);
    train.labels!.forEach((label, i) => {
      expect([...train.y.subarray(5 * i, 5 * i + 5)].indexOf(1)).toBe(label);
    });
  });

  it("refuses targets that are no classes", async () => {
    const csv = { a: text("u,y\n1,2.5\n2,3\n") };
    const spec: DataSpec = {
      source: "csv",
      train: { file: "a" },
      targets: ["y"],
      task: "regression",
      scale: "none",
      labelNoise: 0.1,
    };
    await expect(loadDataset(spec, { readBytes: reader(csv), seed: 0 })).rejects.toThrow(
      'data source "csv": `labelNoise` needs class labels; found real-valued targets.',
    );
  });
});
