// NumPy archives: written by hand and by NumPy itself, and every way one can be wrong.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { loadDataset } from "../../../src/data";
import { parseNpy } from "../../../src/data/npy";
import { crc32, openZip } from "../../../src/data/zip";
import type { DataSpec } from "../../../src/protocol/experiment";
import { UserError } from "../../../src/protocol/errors";
import { bytesOf, f4, i8, npyFile, reader, text, zipFile } from "./files";

const x = f4([3, 2], [1, 2, 3, 4, 5, 6]);
const y = i8([3], [0, 2, 1]);
const base = { "x_train.npy": x, "y_train.npy": y };
const load = (archive: Uint8Array, more: Partial<Extract<DataSpec, { source: "npz" }>> = {}) =>
  loadDataset(
    { source: "npz", file: "a.npz", scale: "none", ...more },
    { readBytes: reader({ "a.npz": archive }), seed: 0 },
  );

const overlap = "../shared/cases/hostile/zip-overlap/zipbomb.npz";
test.skipIf(!existsSync(overlap))(
  "40 entries of 50 MB on one body are passed over (skipped where ../shared is missing)",
  async () => {
    await expect(load(readFileSync(overlap))).rejects.toThrow(/no array x_train/);
  },
);

describe("openZip", () => {
  it.each([0, 8] as const)("unpacks entries of method %i, also behind an archive comment", (method) => {
    const entries = { "a.npy": text("hello ".repeat(100)), "b/c.npy": new Uint8Array(0) };
    const read = openZip(zipFile(entries, { method, comment: "PK\x05\x06 is not the end" }), "a.npz");
    expect(read.names).toEqual(["a.npy", "b/c.npy"]);
    expect(new TextDecoder().decode(read.read("a.npy"))).toBe("hello ".repeat(100));
  });

  /** A deflated zip with `count` directory entries that all point at one body of zeros. */
  const sharing = (count: number, size: number): Uint8Array => {
    const one = zipFile({ "a.npy": new Uint8Array(size) }, { method: 8 });
    const view = new DataView(one.buffer, one.byteOffset, one.length);
    const end = one.length - 22;
    const directory = one.subarray(view.getUint32(end + 16, true), end);
    const all = [one.subarray(0, view.getUint32(end + 16, true))];
    for (let i = 0; i < count; i++) {
      const entry = directory.slice();
      entry[46] = 33 + (i % 90);
      all.push(entry);
    }
    const last = one.slice(end);
    const out = new DataView(last.buffer, last.byteOffset);
    out.setUint16(10, count, true);
    out.setUint32(12, count * directory.length, true);
    return new Uint8Array(Buffer.concat([...all, last]));
  };

  it("unpacks nothing that is not asked for: of entries that share a damaged body only names are read", () => {
    const bytes = sharing(60000, 2 ** 16);
    // The first byte of the body, behind header, name and an extra field of four bytes: whoever unpacks it fails.
    bytes[30 + "a.npy".length + 4] ^= 0xff;
    const archive = openZip(bytes, "bomb.npz");
    expect(archive.names).toHaveLength(90);
    expect(archive.read("x_train.npy")).toBeUndefined();
    expect(() => archive.read(archive.names[0])).toThrow(UserError);
  });

  it.each<[string, (bytes: Uint8Array, view: DataView, entry: number) => void, string]>([
    ["encrypted", (b, _v, at) => (b[at + 8] |= 1), "Entry a.npy is encrypted"],
    [
      "packed by lzma",
      (_b, v, at) => v.setUint16(at + 10, 14, true),
      "packed by lzma (method 14); expected stored or deflated",
    ],
    ["packed by zstd", (_b, v, at) => v.setUint16(at + 10, 93, true), "packed by zstd"],
    [
      "packed by what has no name",
      (_b, v, at) => v.setUint16(at + 10, 77, true),
      "packed by an unknown way (method 77)",
    ],
    ["of a zip64", (_b, v, at) => v.setUint32(at + 24, 0xffffffff, true), "larger than the 4 GiB"],
    [
      "longer than deflate can make it",
      (_b, v, at) => v.setUint32(at + 24, 0x7fffffff, true),
      "more than its",
    ],
  ])("refuses an entry %s by name, before it takes memory", (_what, damage, message) => {
    const bytes = zipFile({ "a.npy": text("hello ".repeat(100)) }, { method: 8 });
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    damage(bytes, view, view.getUint32(bytes.length - 6, true));
    const read = () => openZip(bytes, "a.npz").read("a.npy");
    expect(read).toThrow(UserError);
    expect(read).toThrow(message);
  });

  it("has the published CRC-32 of 123456789", () => {
    expect(crc32(text("123456789"))).toBe(0xcbf43926);
  });
});

describe("parseNpy", () => {
  const swapped = (bytes: Uint8Array, size: number) => {
    const copy = bytes.slice();
    for (let i = 0; i < copy.length; i += size) copy.subarray(i, i + size).reverse();
    return copy;
  };

  it.each<[string, ArrayBufferView]>([
    ["f4", Float32Array.of(1, -2, 3)],
    ["f8", Float64Array.of(1, -2, 3)],
    ["i4", Int32Array.of(1, -2, 3)],
    ["i8", BigInt64Array.of(1n, -2n, 3n)],
    ["i2", Int16Array.of(1, -2, 3)],
  ])("reads %s of either byte order, in versions 1 to 3", (type, values) => {
    const bytes = bytesOf(values);
    const size = bytes.length / 3;
    for (const version of [1, 2, 3]) {
      expect([...parseNpy(npyFile(`<${type}`, [3], bytes, { version }), "f", "x").data]).toEqual([1, -2, 3]);
      expect([
        ...parseNpy(npyFile(`>${type}`, [3], swapped(bytes, size), { version }), "f", "x").data,
      ]).toEqual([1, -2, 3]);
    }
  });

  it.each([
    ["|u1", Uint8Array.of(200, 1, 0), [200, 1, 0]],
    ["|i1", Int8Array.of(-5, 1, 0), [-5, 1, 0]],
    ["|b1", Uint8Array.of(1, 0, 1), [1, 0, 1]],
    ["<u2", Uint16Array.of(60000, 1, 0), [60000, 1, 0]],
    ["<u4", Uint32Array.of(4e9, 1, 0), [4e9, 1, 0]],
    ["<u8", BigUint64Array.of(7n, 1n, 0n), [7, 1, 0]],
  ])("reads %s", (descr, values, expected) => {
    expect([...parseNpy(npyFile(descr, [3], bytesOf(values)), "f", "x").data]).toEqual(expected);
  });

  it("reads float16 of either byte order", () => {
    const bytes = bytesOf(Uint16Array.of(0x3c00, 0xc100, 0x0001));
    expect([...parseNpy(npyFile("<f2", [3], bytes), "f", "x").data]).toEqual([1, -2.5, 2 ** -24]);
    expect([...parseNpy(npyFile(">f2", [3], swapped(bytes, 2)), "f", "x").data]).toEqual([1, -2.5, 2 ** -24]);
  });

  it("never unpacks pickled objects, and says what to do", () => {
    const pickled = npyFile("|O", [3], new Uint8Array(40));
    expect(() => parseNpy(pickled, "f", "x")).toThrow(/found pickled Python objects.*\n.*astype/);
  });

  it("turns Fortran order into rows", () => {
    // The array [[[0,1,2],[3,4,5]],[[6,7,8],[9,10,11]]] with its first index fastest.
    const columns = Float32Array.of(0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11);
    const { data, shape } = parseNpy(
      npyFile("<f4", [2, 2, 3], bytesOf(columns), { fortran: true }),
      "f",
      "x",
    );
    expect(shape).toEqual([2, 2, 3]);
    expect([...data]).toEqual([...Array(12).keys()]);
  });
});

/** An array of a few bytes with many more behind it. */
const zeros = 2e7;
const bomb = npyFile("<f4", [3, 2], new Uint8Array(24 + zeros));

describe("npz", () => {
  it("refuses an entry longer than its array by its first bytes, without unpacking it", async () => {
    const archive = zipFile({ "x_train.npy": bomb, "y_train.npy": y }, { method: 8 });
    // Whoever unpacks the whole body fails here.
    archive.fill(0x5a, 10_000, 11_000);
    await expect(load(archive)).rejects.toThrow(
      /Array x_train: shape \(3, 2\) takes 24 bytes; found 20000024/,
    );
  });

  it("says so when it is given a single array", async () => {
    await expect(load(x)).rejects.toThrow("found a lone .npy array");
  });

  it("makes integer labels one-hot and keeps the inputs' shape", async () => {
    const images = npyFile("|u1", [2, 1, 2, 2], Uint8Array.of(0, 255, 51, 102, 1, 2, 3, 4));
    const data = await load(zipFile({ "x_train.npy": images, "y_train.npy": i8([2], [0, 2]) }), {
      scale: "unit",
    });
    expect(data).toMatchObject({ inputShape: [1, 2, 2], outputs: 3, test: null });
    expect([...data.train.x.subarray(0, 4)]).toEqual([...Float32Array.of(0, 1, 0.2, 0.4)]);
    expect([...data.train.y]).toEqual([1, 0, 0, 0, 0, 1]);
  });

  it("keeps real targets as they are and has no labels", async () => {
    const data = await load(zipFile({ ...base, "y_train.npy": f4([3, 2], [1, 0, 0.5, 0.5, 0, 1]) }));
    expect(data.outputs).toBe(2);
    expect([...data.train.y]).toEqual([1, 0, 0.5, 0.5, 0, 1]);
    expect(data.train.labels).toBeNull();
    expect((await load(zipFile({ ...base, "y_train.npy": f4([3], [1, 0, 1]) }))).outputs).toBe(1);
  });

  it("sees that real targets are one-hot, so that accuracy can be measured", async () => {
    const data = await load(zipFile({ ...base, "y_train.npy": f4([3, 2], [1, 0, 0, 1, 0, 1]) }));
    expect([...(data.train.labels ?? [])]).toEqual([0, 1, 1]);
  });

  it("takes the first examples of each split", async () => {
    const data = await load(zipFile({ ...base, "x_test.npy": x, "y_test.npy": y }), {
      takeTrain: 2,
      takeTest: 1,
    });
    expect([data.train.n, data.test?.n, data.outputs]).toEqual([2, 1, 3]);
    expect([...data.train.x]).toEqual([1, 2, 3, 4]);
  });

  it.each<[string, Uint8Array, string, object?]>([
    ["an empty file", new Uint8Array(0), "found no end of central directory"],
    [
      "no zip archive",
      text("x".repeat(100)),
      "a.npz: Expected a whole zip archive; found no end of central directory",
    ],
    ["a truncated archive", zipFile(base).subarray(0, 200), "found no end of central directory"],
    ["an archive whose start is lost", zipFile(base).subarray(40), "Expected a whole zip archive"],
    ["a wrong checksum", zipFile(base, { crcError: 1 }), "entry x_train.npy does not match its checksum"],
    ["a wrong size", zipFile(base, { sizeError: 1 }), "Array x_train: shape (3, 2) takes 24 bytes; found 25"],
    [
      "a size that is too small",
      zipFile(base, { sizeError: -1 }),
      "Array x_train: shape (3, 2) takes 24 bytes; found 23",
    ],
    [
      "an entry that unpacks to more than its size, which fits the array",
      zipFile({ "x_train.npy": bomb }, { method: 8, sizeError: -zeros }),
      "entry x_train.npy should unpack to",
    ],
    [
      "an array of more than it holds",
      zipFile({ ...base, "x_train.npy": npyFile("<f4", [1e6, 1e6], new Uint8Array(24)) }),
      "Array x_train: shape (1000000, 1000000) takes 4000000000000 bytes; found 24",
    ],
    // Written by Python's zipfile with ZIP_LZMA and ZIP_BZIP2.
    [
      "an archive packed by lzma",
      Buffer.from(
        "UEsDBD8AAgAOAMVMe121gKZXWgAAAIgAAAALAAAAeF90cmFpbi5ucHkJBAUAXQAAgAAASZOGpN7TgnlqWw0jODarnZ1MTe7jbcMd62ciZu4cpEC6+JnXSScm4hcteWkzOW5HJTa8/PyVCJf4Ey5j+JRIAHrUyEFZF2CmZpv//yzlgABQSwECPwM/AAIADgDFTHtdtYCmV1oAAACIAAAACwAAAAAAAAAAAAAAgAEAAAAAeF90cmFpbi5ucHlQSwUGAAAAAAEAAQA5AAAAgwAAAAAA",
        "base64",
      ),
      "Entry x_train.npy is packed by lzma (method 14); expected stored or deflated.\n  Save it with numpy.savez",
    ],
    [
      "an archive packed by bzip2",
      Buffer.from(
        "UEsDBC4AAAAMAMZMe121gKZXdQAAAIgAAAALAAAAeF90cmFpbi5ucHlCWmg5MUFZJlNZloy9/wAAJ9+gZBBA5DUUAQNCIK9F3QoIACAAVERoIGTRoABpkehEyT1ANHqNAaaBo0LFReYrsjOCMARIiSDxOIqvQ2tNvBSgAu+1dtB6dxGz9EgglEQjeMsyIBKpvoaFMXckU4UJCWjL3/BQSwECLgMuAAAADADGTHtdtYCmV3UAAACIAAAACwAAAAAAAAAAAAAAgAEAAAAAeF90cmFpbi5ucHlQSwUGAAAAAAEAAQA5AAAAngAAAAAA",
        "base64",
      ),
      "Entry x_train.npy is packed by bzip2 (method 12); expected stored or deflated.",
    ],
    [
      "an unknown packing",
      zipFile(base, { method: 12 }),
      "packed by bzip2 (method 12); expected stored or deflated",
    ],
    [
      "a missing x_train",
      zipFile({ "X.npy": x, "y_train.npy": y }),
      "a.npz: The archive has no array x_train; found X, y_train",
    ],
    ["a missing y_train", zipFile({ "x_train.npy": x }), "no array y_train; found x_train"],
    ["x_test without y_test", zipFile({ ...base, "x_test.npy": x }), "no array y_test"],
    [
      "an entry that is no array",
      zipFile({ ...base, "x_train.npy": text("hello, world!") }),
      "Array x_train: expected a .npy array",
    ],
    [
      "an unknown version",
      zipFile({ ...base, "x_train.npy": npyFile("<f4", [1], new Uint8Array(4), { version: 9 }) }),
      "version 1, 2 or 3; found 9",
    ],
    [
      "text elements",
      zipFile({ ...base, "x_train.npy": npyFile("<U3", [3, 2], new Uint8Array(72)) }),
      "expected float16, float32, float64, bool, or an integer of 8 to 64 bits; found '<U3'",
    ],
    [
      "pickled objects",
      zipFile({ ...base, "x_train.npy": npyFile("|O", [3, 2], new Uint8Array(8)) }),
      "found pickled Python objects",
    ],
    [
      "an array of too few bytes",
      zipFile({ ...base, "x_train.npy": npyFile("<f4", [3, 2], new Uint8Array(20)) }),
      "shape (3, 2) takes 24 bytes; found 20",
    ],
    [
      "different numbers of rows",
      zipFile({ ...base, "y_train.npy": i8([2], [0, 1]) }),
      "as many rows in y_train as in x_train, 3; found 2",
    ],
    [
      "targets of three dimensions",
      zipFile({ ...base, "y_train.npy": f4([3, 1, 1], [1, 2, 3]) }),
      "expected shape (n) or (n, K); found (3, 1, 1)",
    ],
    [
      "inputs without rows",
      zipFile({ ...base, "x_train.npy": f4([], [1]) }),
      "Array x_train: expected shape (n, …); found a single number",
    ],
    [
      "no examples",
      zipFile({ "x_train.npy": f4([0, 2], []), "y_train.npy": i8([0], []) }),
      "at least one example",
    ],
    [
      "NaN among the inputs",
      zipFile({ ...base, "x_train.npy": f4([3, 2], [1, 2, 3, NaN, 5, 6]) }),
      "found NaN at example 1, column 1 of x_train",
    ],
    [
      "infinity among the targets",
      zipFile({ ...base, "y_train.npy": f4([3, 1], [1, Infinity, 3]) }),
      "found Infinity at example 1, column 0 of y_train",
    ],
    [
      "a float64 beyond float32",
      zipFile({ ...base, "x_train.npy": npyFile("<f8", [3, 1], bytesOf(Float64Array.of(1, 1e39, 2))) }),
      "found 1e+39 at example 1",
    ],
    [
      "a negative label",
      zipFile({ ...base, "y_train.npy": i8([3], [0, -1, 1]) }),
      "a.npz: y_train: Label -1 of example 1 is out of range",
    ],
    [
      "a test label that training lacks",
      zipFile({ ...base, "x_test.npy": x, "y_test.npy": i8([3], [0, 3, 1]) }),
      "y_test: Label 3 of example 1 is out of range: expected 0 … 2",
    ],
    [
      "test targets of another kind",
      zipFile({ ...base, "x_test.npy": x, "y_test.npy": f4([3, 3], Array<number>(9).fill(0)) }),
      "y_test of the same kind as y_train, integer labels; found float targets with 3 columns",
    ],
    [
      "test inputs of another shape",
      zipFile({ ...base, "x_test.npy": f4([3, 1], [1, 2, 3]), "y_test.npy": y }),
      "x_test of the same shape per example as x_train, (2); found (1)",
    ],
    [
      "more taken than there are",
      zipFile(base),
      "at least the 4 examples that `take` asks for; the file holds 3",
      { takeTrain: 4 },
    ],
  ])("refuses %s", async (_what, archive, message, more) => {
    const failure = load(archive, more);
    await expect(failure).rejects.toBeInstanceOf(UserError);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toThrow("a.npz");
  });

  it("answers every truncation and 500 damaged bytes with a user error or a data set", async () => {
    const good = zipFile(base);
    const damaged = [
      ...Array.from({ length: good.length }, (_, i) => good.subarray(0, i)),
      ...Array.from({ length: 500 }, (_, i) =>
        good.map((byte, at) => (at === (i * 7919) % good.length ? byte ^ (1 + (i % 255)) : byte)),
      ),
    ];
    for (const archive of damaged) {
      await load(archive).catch((error: unknown) => expect(error).toBeInstanceOf(UserError));
    }
  });
});

const numpy = ["/usr/bin/python3", "python3"].find(
  (name) => spawnSync(name, ["-c", "import numpy"]).status === 0,
);
describe.skipIf(!numpy)(`npz written by NumPy${numpy ? "" : " (skipped: no Python with numpy here)"}`, () => {
  it.each(["savez", "savez_compressed"])(
    "numpy.%s, float64 in Fortran order and int64 labels",
    async (save) => {
      const archive = execFileSync(numpy ?? "", [
        "-c",
        `
import io, sys, numpy as np
x = np.asfortranarray(np.arange(24, dtype=np.float64).reshape(4, 2, 3))
out = io.BytesIO()
np.${save}(out, x_train=x, y_train=np.array([0, 1, 2, 1]), x_test=x[:2].astype(">f4"), y_test=np.array([1, 0], dtype=np.uint8))
sys.stdout.buffer.write(out.getvalue())`,
      ]);
      const data = await load(archive);
      expect([...data.train.x]).toEqual([...Array(24).keys()]);
      expect([...(data.test?.x ?? [])]).toEqual([...Array(12).keys()]);
      expect([...(data.train.labels ?? [])]).toEqual([0, 1, 2, 1]);
      expect([...(data.test?.labels ?? [])]).toEqual([1, 0]);
      expect(data.inputShape).toEqual([2, 3]);
    },
  );
});
