// What holds for every data source: the sweep over the registry.
import { describe, expect, it } from "vitest";
import { loadDataset, sources, type Dataset, type Split } from "../../../src/data";
import schema from "../../../src/protocol/basin.schema.json";
import { reader } from "./files";
import { samples, type Sample } from "./samples";

const load = ({ spec, files }: Sample, seed = 0) => loadDataset(spec, { readBytes: reader(files), seed });
const rows = Object.values(samples)
  .flat()
  .map((sample, i) => [`${sample.spec.source} (${i})`, sample] as const);
const splitsOf = (data: Dataset): Split[] => (data.test ? [data.train, data.test] : [data.train]);

describe("the registry", () => {
  it("has each source once, and the schema offers exactly these", () => {
    const ids = sources.map(({ source }) => source);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(schema.definitions.data.properties.source.enum);
    expect(Object.keys(samples).sort()).toEqual([...ids].sort());
  });
});

describe.each(rows)("%s", (_name, sample) => {
  it("gives the same bytes for the same seed", async () => {
    const [{ target, ...one }, { target: again, ...other }] = [await load(sample, 5), await load(sample, 5)];
    expect(one).toStrictEqual(other);
    if (!target) return;
    // Where the function behind the targets is known, the test targets are its values.
    const { x, y, n } = one.test!;
    const D = x.length / n;
    for (let i = 0; i < n; i++) {
      const values = [target, again!].map((f) => f(Float64Array.from(x.subarray(i * D, (i + 1) * D))));
      expect(Float32Array.from(values[0])).toEqual(y.slice(i * one.outputs, (i + 1) * one.outputs));
      expect(values[1]).toEqual(values[0]);
    }
  });

  it("has matrices of the shapes it declares, all finite", async () => {
    const data = await load(sample);
    const D = data.inputShape.reduce((a, b) => a * b, 1);
    for (const { n, x, y } of splitsOf(data)) {
      expect(n).toBeGreaterThan(0);
      expect(x).toBeInstanceOf(Float32Array);
      expect(x).toHaveLength(n * D);
      expect(y).toHaveLength(n * data.outputs);
      expect([...x, ...y].every(Number.isFinite)).toBe(true);
    }
  });

  it("has labels in range whose one-hot rows are the targets, or none", async () => {
    const data = await load(sample);
    for (const { n, y, labels } of splitsOf(data)) {
      if (labels === null) continue;
      expect(labels).toHaveLength(n);
      const rebuilt = new Float32Array(n * data.outputs);
      labels.forEach((label, i) => {
        expect(label).toBeGreaterThanOrEqual(0);
        expect(label).toBeLessThan(data.outputs);
        rebuilt[i * data.outputs + label] = 1;
      });
      expect(y).toEqual(rebuilt);
    }
  });
});

describe("loadDataset", () => {
  it("refuses real-valued targets for cross-entropy and takes classes", async () => {
    const readBytes = reader(samples.npz[1].files);
    const context = { readBytes, seed: 0, loss: "cross-entropy" } as const;
    await expect(loadDataset(samples.npz[1].spec, context)).rejects.toThrow(
      'a.npz: Loss "cross-entropy" needs class labels',
    );
    await expect(loadDataset(samples.spirals[0].spec, context)).resolves.toBeDefined();
  });

  it("passes on the reader's own error for a file that is missing", async () => {
    await expect(loadDataset(samples.idx[0].spec, { readBytes: reader({}), seed: 0 })).rejects.toThrow(
      "x: no such file",
    );
  });
});
