// Weights from a file: as PyTorch code of any shape saves them, or refused with the tensor's name.
import { describe, expect, it } from "vitest";
import { buildModel } from "../../../src/models";
import { takeWeights } from "../../../src/models/weights";
import type { LayerSpec } from "../../../src/protocol/experiment";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "../../../src/protocol/safetensors";

const layers: LayerSpec[] = [{ dense: 3 }, "tanh", { dense: 3 }, "tanh", "dense"];
const model = buildModel({ kind: "sequential", layers }, [3], 2);
const shapes = Object.fromEntries(model.parameters.map(({ name, shape }) => [name, shape]));

let counter = 0;
const tensor = (shape: readonly number[]): Tensor => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => ++counter / 8),
});
const fileOf = (tensors: Iterable<readonly [string, Tensor]>) =>
  decodeSafetensors(encodeSafetensors(tensors), "w.safetensors");
/** The model's own tensors under other names. */
const renamed = (rename: (name: string) => string) =>
  Object.entries(shapes).map(([name, shape]) => [rename(name), tensor(shape)] as const);
const take = (tensors: Iterable<readonly [string, Tensor]>, names?: Readonly<Record<string, string>>) =>
  takeWeights(fileOf(tensors), model, "w.safetensors", names);

describe("takeWeights", () => {
  it("takes tensors by their names, whatever else the file holds", () => {
    const tensors = renamed((name) => name);
    const taken = take([...tensors, ["extra.weight", tensor([7])]]);
    for (const [name, { data }] of tensors) expect(taken.tensors.get(name)?.data).toEqual(data);
    expect(taken.note).toBeUndefined();
  });

  it.each(["module.", "_orig_mod.", "module._orig_mod."])("looks behind the prefix %s", (prefix) => {
    const tensors = renamed((name) => prefix + name);
    expect(take(tensors).tensors.get("0.weight")?.data).toEqual(tensors[0][1].data);
  });

  it("matches numbered layers by order and shape, whatever order the file has, and says so", () => {
    const numbers: Record<string, string> = { "0": "fc2", "2": "fc10", "4": "out" };
    const tensors = renamed((name) => name.replace(/^\d+/, (index) => numbers[index]));
    const sorted = [...tensors].sort(([a], [b]) => (a < b ? -1 : 1));
    const taken = take(sorted);
    expect(taken.tensors.get("0.weight")?.data).toEqual(tensors[0][1].data);
    expect(taken.tensors.get("2.bias")?.data).toEqual(tensors[3][1].data);
    expect(taken.note).toContain("fc2 as 0, fc10 as 2, out as 4");
  });

  it("does not guess which of two like layers is which", () => {
    const names: Record<string, string> = { "0": "encoder", "2": "decoder", "4": "out" };
    const tensors = renamed((name) => name.replace(/^\d+/, (index) => names[index]));
    expect(() => take(tensors)).toThrow(/no tensor "0.weight"[^]*"names"/);
    const own = Object.keys(shapes).map((name) => [name, name.replace(/^\d+/, (i) => names[i])]);
    expect(take(tensors, Object.fromEntries(own)).tensors.get("2.bias")?.data).toEqual(tensors[3][1].data);
  });

  it("names the nearest tensor when one is missing", () => {
    const tensors = renamed((name) => (name === "2.weight" ? "2.weigth" : name));
    expect(() => take(tensors)).toThrow(/no tensor "2.weight".*nearest of its 6: .*2.weigth/);
  });

  it.each([NaN, Infinity, -Infinity])("refuses %d, naming tensor and index", (value) => {
    const tensors = renamed((name) => name);
    const weight = tensors.find(([name]) => name === "2.weight")![1];
    weight.data[5] = value;
    expect(() => take(tensors)).toThrow(`tensor "2.weight" holds ${value} at [1, 2]`);
  });
});

describe("decodeSafetensors", () => {
  it("skips whole numbers, such as batch normalization's counter", () => {
    const header = JSON.stringify({
      "1.num_batches_tracked": { dtype: "I64", shape: [], data_offsets: [0, 8] },
      a: { dtype: "F32", shape: [1], data_offsets: [8, 12] },
    });
    const bytes = new Uint8Array(8 + header.length + 12);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, BigInt(header.length), true);
    bytes.set(new TextEncoder().encode(header), 8);
    view.setFloat32(8 + header.length + 8, 2.5, true);
    const { tensors, skipped } = decodeSafetensors(bytes, "w.safetensors");
    expect([...tensors.keys()]).toEqual(["a"]);
    expect(tensors.get("a")?.data[0]).toBe(2.5);
    expect([...skipped]).toEqual([["1.num_batches_tracked", "I64"]]);
  });

  it.each([
    ["a zip archive", [0x50, 0x4b, 3, 4, 0, 0, 0, 0, 0]],
    ["a pickle", [0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9]],
  ])("says how to convert what torch.save wrote: %s", (_what, start) => {
    const bytes = Uint8Array.from([...start, ...new Array<number>(20).fill(0)]);
    expect(() => decodeSafetensors(bytes, "net.pt")).toThrow(/torch\.save[^]*safetensors\.torch\.save_file/);
  });
});
