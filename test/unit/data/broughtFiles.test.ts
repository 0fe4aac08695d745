// CSV and NumPy files as other programs write them: read as they are meant, or refused with the key that says how.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadDataset, type Dataset } from "../../../src/data";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { f4, i8, idxFile, npyFile, reader, text, zipFile } from "./files";

/** Loads what the checker makes of `data`, so that the keys' defaults are those of an experiment. */
function load(data: object, files: Readonly<Record<string, Uint8Array>>, loss = "mse"): Promise<Dataset> {
  const written = { data, model: { hidden: [2] }, loss, optimizer: { learningRate: 0.1 } };
  const { points, problems } = checkExperiment(JSON.stringify(written), "a.basin.json");
  expect(problems).toEqual([]);
  const { experiment } = points[0];
  return loadDataset(experiment.data, { readBytes: reader(files), seed: 0, loss: experiment.loss });
}
const csv = (content: string, more: object = {}) =>
  load({ source: "csv", train: { file: "a.csv" }, targets: ["y"], ...more }, { "a.csv": text(content) });
const npz = (entries: Readonly<Record<string, Uint8Array>>, more: object = {}, loss = "mse") =>
  load({ source: "npz", file: "a.npz", ...more }, { "a.npz": zipFile(entries) }, loss);

describe("csv", () => {
  it("leaves out the nameless row numbers of pandas, and says so", async () => {
    const data = await csv(",a,y\n0,5,1\n1,6,2\n2,7,3\n");
    expect([...data.train.x]).toEqual([5, 6, 7]);
    expect(data.notes).toEqual([expect.stringMatching(/a\.csv: the first column has no name and counts/)]);
  });

  it("keeps a first column that counts rows where it has a name", async () => {
    expect((await csv("row,a,y\n0,5,1\n1,6,2\n")).inputShape).toEqual([2]);
  });

  it("refuses a nameless column that is no row number, naming data.columns", async () => {
    await expect(csv(",a,y\n3,5,1\n9,6,2\n")).rejects.toThrow(/Column 1 .* no name[^]*data\.columns/);
    await expect(csv("a,,y\n0,5,1\n1,6,2\n")).rejects.toThrow(/Column 2 .* no name/);
    expect((await csv("a,,y\n0,5,1\n1,6,2\n", { columns: ["a"] })).inputShape).toEqual([1]);
  });

  it.each([";", "\t", "|"])("says that a file is separated by %j, and reads it so", async (mark) => {
    const content = `a${mark}b${mark}y\n1${mark}2${mark}3\n4${mark}5${mark}6\n`;
    await expect(csv(content)).rejects.toThrow(`Set data.separator to ${JSON.stringify(mark)}.`);
    expect([...(await csv(content, { separator: mark })).train.x]).toEqual([1, 2, 4, 5]);
  });

  it("says that fractions follow a comma, and reads them so", async () => {
    const content = "a;y\n1,5;2\n-0,25;3e1\n";
    await expect(csv(content, { separator: ";" })).rejects.toThrow('Set data.decimal to ",".');
    const { train } = await csv(content, { separator: ";", decimal: "," });
    expect([...train.x, ...train.y]).toEqual([1.5, -0.25, 2, 30]);
  });

  it("reads a file without a header line by the places of its columns", async () => {
    const data = await csv("1,2,3\n4,5,6\n", { header: false, targets: ["2"] });
    expect([...data.train.x]).toEqual([1, 2, 4, 5]);
    expect([...data.train.y]).toEqual([3, 6]);
  });

  it("asks which class is which where whole numbers do not start at 0", async () => {
    const content = "a,y\n1,1\n2,3\n3,2\n";
    const classes = { task: "classification" };
    await expect(csv(content, classes)).rejects.toThrow('data.classNames, e.g. ["1", "2", "3"]');
    const data = await csv(content, { ...classes, classNames: ["1", "2", "3"] });
    expect([...data.train.labels!]).toEqual([0, 2, 1]);
    expect(data.outputs).toBe(3);
  });
});

describe("npz", () => {
  const x = f4([3, 2], [1, 2, 3, 4, 5, 6]);

  it("reads arrays by the names it is told", async () => {
    const data = await npz(
      { "arr_0.npy": x, "arr_1.npy": i8([3], [0, 1, 1]) },
      { arrays: { xTrain: "arr_0", yTrain: "arr_1" } },
    );
    expect(data.inputShape).toEqual([2]);
    await expect(npz({ "arr_0.npy": x })).rejects.toThrow("data.arrays");
  });

  it("notices a shape that looks channels last, and moves the channels to the front where it is told", async () => {
    const values = Array.from({ length: 2 * 8 * 8 * 3 }, (_, i) => i);
    const entries = { "x_train.npy": f4([2, 8, 8, 3], values), "y_train.npy": i8([2], [0, 1]) };
    const asIs = await npz(entries);
    expect(asIs.inputShape).toEqual([8, 8, 3]);
    expect(asIs.notes).toEqual([expect.stringMatching(/8 channels of 8 × 3.*"nhwc"/)]);
    const moved = await npz(entries, { layout: "nhwc" });
    expect(moved).toMatchObject({ inputShape: [3, 8, 8], notes: [] });
    // Example 1, channel 2, row 3, column 4.
    expect(moved.train.x[((1 * 3 + 2) * 8 + 3) * 8 + 4]).toBe(((1 * 8 + 3) * 8 + 4) * 3 + 2);
  });

  it("asks what labels that start at 1 mean", async () => {
    const entries = { "x_train.npy": x, "y_train.npy": i8([3], [1, 2, 3]) };
    await expect(npz(entries)).rejects.toThrow(
      /Expected labels from 0; found 1, 2, 3[^]*data\.only to \[1, 2, 3\][^]*data\.classes to 4/,
    );
    expect((await npz(entries, { only: [1, 2, 3] })).outputs).toBe(3);
    expect((await npz(entries, { classes: 4 })).outputs).toBe(4);
  });

  it.each([{}, { classes: 3 }])("refuses a single class, given %j", async (more) => {
    await expect(npz({ "x_train.npy": x, "y_train.npy": i8([3], [0, 0, 0]) }, more)).rejects.toThrow(
      "at least two classes",
    );
  });

  it("reads half precision", async () => {
    // 1, -2, 0.5, 65504, 2^-24, 0 in binary16.
    const half = npyFile(
      "<f2",
      [3, 2],
      new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x3800, 0x7bff, 1, 0).buffer),
    );
    const data = await npz({ "x_train.npy": half, "y_train.npy": i8([3], [0, 1, 1]) });
    expect([...data.train.x]).toEqual([1, -2, 0.5, 65504, 2 ** -24, 0]);
  });

  it("says how float labels become labels", async () => {
    const entries = { "x_train.npy": x, "y_train.npy": f4([3], [0, 1, 2]) };
    await expect(npz(entries, {}, "cross-entropy")).rejects.toThrow('y.astype("int64")');
  });

  it("knows a lone .npy array", async () => {
    await expect(load({ source: "npz", file: "a.npy" }, { "a.npy": x })).rejects.toThrow(
      "found a lone .npy array",
    );
  });
});

describe("idx", () => {
  it.each([
    [0x0c, "32-bit integer"],
    [0x0d, "32-bit float"],
  ])("refuses element type %i by its name", async (type, name) => {
    const files = { i: idxFile([1, 1, 1], new Uint8Array(4), type), l: idxFile([1], [0]) };
    await expect(load({ source: "idx", train: { images: "i", labels: "l" } }, files)).rejects.toThrow(name);
  });
});

const cases = "../shared/cases";
describe.runIf(existsSync(cases))("the cases outside the repository", () => {
  const loadCase = (name: string, more: object = {}): Promise<Dataset> => {
    const folder = join(cases, name);
    const written = JSON.parse(readFileSync(join(folder, "case.basin.json"), "utf8"));
    const data = { ...written.data, ...more };
    const readBytes = (path: string) => Promise.resolve(new Uint8Array(readFileSync(join(folder, path))));
    const { points, problems } = checkExperiment(JSON.stringify({ ...written, data }), "a.basin.json");
    expect(problems).toEqual([]);
    return loadDataset(points[0].experiment.data, { readBytes, seed: 0, loss: "cross-entropy" });
  };

  it("are read, or refused with the key that helps", async () => {
    expect((await loadCase("csv-pandas-index")).notes).toHaveLength(1);
    await expect(loadCase("csv-semicolon-decimal")).rejects.toThrow('Set data.separator to ";".');
    expect(await loadCase("csv-semicolon-decimal", { separator: ";", decimal: "," })).toMatchObject({
      outputs: 3,
    });
    expect((await loadCase("npz-channels-last")).notes).toHaveLength(1);
    expect((await loadCase("npz-channels-last", { layout: "nhwc" })).inputShape).toEqual([3, 8, 8]);
    await expect(loadCase("labels-from-1")).rejects.toThrow("Expected labels from 0");
  });
});
