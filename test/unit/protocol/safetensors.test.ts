// The safetensors codec: byte-exact, against another implementation, and on every kind of damage.
import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { UserError } from "../../../src/protocol/errors";
import { decodeSafetensors, encodeSafetensors } from "../../../src/protocol/safetensors";
import { Rng } from "../../../src/util/rng";

/** A file by hand: length, header, data. */
function fileOf(header: unknown, data: Uint8Array | number = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const body = typeof data === "number" ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + json.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(body, 8 + json.length);
  return bytes;
}
const tensor = (shape: number[], from: number, to: number, dtype = "F32") => ({
  dtype,
  shape,
  data_offsets: [from, to],
});

describe("encodeSafetensors", () => {
  it("writes the published format byte by byte", () => {
    const bytes = encodeSafetensors([["b", { shape: [2], data: Float32Array.of(1, -2) }]], { step: "7" });
    const header = '{"__metadata__":{"step":"7"},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8, " ");
    expect(Buffer.from(bytes).toString("latin1")).toBe(
      `${String.fromCharCode(padded.length)}\0\0\0\0\0\0\0${padded}\0\0\x80\x3f\0\0\0\xc0`,
    );
    expect((bytes.length - 8) % 8).toBe(0);
  });

  it("keeps names, order, shapes, metadata and every bit of the values", () => {
    const rng = new Rng(1, "test");
    const odd = Float32Array.of(0, -0, NaN, Infinity, -Infinity, 1e-45, 3.4e38);
    const tensors = new Map([
      ["2.weight", { shape: [3, 4], data: Float32Array.from({ length: 12 }, () => rng.normal()) }],
      ["0.bias", { shape: [7], data: odd }],
      ["scalar", { shape: [], data: Float32Array.of(5) }],
      ["empty", { shape: [0, 3], data: new Float32Array(0) }],
      ["__proto__", { shape: [1], data: Float32Array.of(6) }],
      ['é"\\', { shape: [1], data: Float32Array.of(7) }],
    ]);
    const metadata = { rng: "1,2,3,4", note: 'quote " and ü' };
    const read = decodeSafetensors(encodeSafetensors(tensors, metadata), "f");
    expect([...read.tensors.keys()]).toEqual([...tensors.keys()]);
    for (const [name, { shape, data }] of tensors) {
      expect(read.tensors.get(name)?.shape).toEqual(shape);
      expect(new Uint8Array(read.tensors.get(name)?.data.buffer ?? new ArrayBuffer(0))).toEqual(
        new Uint8Array(data.buffer),
      );
    }
    expect(read.metadata).toEqual(metadata);
  });

  it("reads a file that starts anywhere in its buffer", () => {
    const bytes = encodeSafetensors([["a", { shape: [2], data: Float32Array.of(3, 4) }]]);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeSafetensors(shifted.subarray(3), "f").tensors.get("a")?.data).toEqual(Float32Array.of(3, 4));
  });

  it("refuses a shape that does not fit its data", () => {
    expect(() => encodeSafetensors([["a", { shape: [3], data: new Float32Array(2) }]])).toThrow("internal");
  });
});

// Independent of our code: the format written and read in Python from its published description.
const python = ["python3", "python"].find((name) => spawnSync(name, ["--version"]).status === 0);
describe.skipIf(!python)(
  `against Python's struct and json${python ? "" : " (skipped: no python3 here)"}`,
  () => {
    const run = (code: string, input?: Uint8Array) =>
      execFileSync(python ?? "", ["-c", code], { input, maxBuffer: 1 << 24 });

    it("reads F32, F64, F16 and BF16 that Python wrote", () => {
      const bytes = run(`
import struct, json, sys
parts = [("f32", "F32", struct.pack("<3f", 1.5, -2.25, 1e-30)),
         ("f64", "F64", struct.pack("<2d", 0.1, -1e300)),
         ("f16", "F16", struct.pack("<6e", 1.0, -2.5, 65504.0, 6e-8, float("inf"), -0.0)),
         ("bf16", "BF16", b"".join(struct.pack("<f", v)[2:] for v in (1.0, -3.0, 1e38, float("-inf"))))]
header, at = {"__metadata__": {"by": "python"}}, 0
for name, dtype, data in parts:
    n = len(data) // {"F32": 4, "F64": 8}.get(dtype, 2)
    header[name] = {"dtype": dtype, "shape": [n], "data_offsets": [at, at + len(data)]}
    at += len(data)
text = json.dumps(header).encode()
sys.stdout.buffer.write(struct.pack("<Q", len(text)) + text + b"".join(d for _, _, d in parts))`);
      const { tensors, metadata } = decodeSafetensors(bytes, "f");
      expect(metadata).toEqual({ by: "python" });
      expect(tensors.get("f32")?.data).toEqual(Float32Array.of(1.5, -2.25, 1e-30));
      expect(tensors.get("f64")?.data).toEqual(Float32Array.of(0.1, -Infinity)); // −1e300 is no float32
      expect(tensors.get("f16")?.data).toEqual(Float32Array.of(1, -2.5, 65504, 2 ** -24, Infinity, -0));
      const [one, three, big, infinite] = tensors.get("bf16")?.data ?? [];
      expect([one, three, infinite]).toEqual([1, -3, -Infinity]);
      expect(big / 1e38).toBeCloseTo(1, 2);
    });

    it("writes what Python reads back", () => {
      const bytes = encodeSafetensors(
        [
          ["0.weight", { shape: [2, 2], data: Float32Array.of(1, 2, 3, -4.5) }],
          ["0.bias", { shape: [1], data: Float32Array.of(0.25) }],
        ],
        { step: "12" },
      );
      const read = run(
        `
import struct, json, sys
b = sys.stdin.buffer.read()
n, = struct.unpack("<Q", b[:8])
h = json.loads(b[8:8+n])
out = {k: [v["dtype"], v["shape"], list(struct.unpack("<%df" % ((v["data_offsets"][1]-v["data_offsets"][0])//4), b[8+n:][slice(*v["data_offsets"])]))] for k, v in h.items() if k != "__metadata__"}
print(json.dumps([out, h["__metadata__"]]))`,
        bytes,
      );
      expect(JSON.parse(read.toString())).toEqual([
        { "0.weight": ["F32", [2, 2], [1, 2, 3, -4.5]], "0.bias": ["F32", [1], [0.25]] },
        { step: "12" },
      ]);
    });
  },
);

describe("decodeSafetensors refuses", () => {
  const good = encodeSafetensors([["a", { shape: [4], data: new Float32Array(4) }]]);
  it.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(0), "only 0 bytes"],
    ["a few bytes", new Uint8Array(5), "only 5 bytes"],
    ["a pickle", new TextEncoder().encode("\x80\x02}q\x00(X\x08\x00\x00\x00"), "first 8 bytes give a header"],
    ["a header longer than the file", fileOf("{}").subarray(0, 9), "should take 2 bytes but only 1 follow"],
    ["a header that is no object", fileOf("[]"), 'does not start with "{"'],
    ["a header that is no JSON", fileOf("{nope}"), "is no JSON"],
    [
      "a header that is no UTF-8",
      fileOf('{"\u00ff').map((byte) => (byte === 0xc3 ? 0xff : byte)),
      "is no JSON",
    ],
    [
      "a truncated file",
      good.subarray(0, good.length - 1),
      "is truncated: the header describes 16 bytes of tensors; found 15",
    ],
    ["bytes behind the data", fileOf({ a: tensor([1], 0, 4) }, 5), "has bytes behind its tensors"],
    [
      "an unknown dtype",
      fileOf({ a: tensor([4], 0, 4, "X8") }, 4),
      'Tensor "a": expected dtype F64, F32, F16, BF16; found "X8"',
    ],
    [
      "a shape that disagrees with its offsets",
      fileOf({ a: tensor([2], 0, 4) }, 4),
      "shape [2] of F32 takes 8 bytes; data_offsets span 4",
    ],
    [
      "a negative dimension",
      fileOf({ a: tensor([-1], 0, 4) }, 4),
      "expected a shape of whole numbers; found [-1]",
    ],
    [
      "offsets that run backwards",
      fileOf({ a: tensor([1], 4, 0) }, 4),
      "expected data_offsets [begin, end]; found [4,0]",
    ],
    [
      "no offsets",
      fileOf({ a: { dtype: "F32", shape: [1] } }, 4),
      "expected data_offsets [begin, end]; found none",
    ],
    ["an entry that is null", fileOf({ a: null }, 4), 'Tensor "a": expected dtype'],
    [
      "tensors that overlap",
      fileOf({ a: tensor([2], 0, 8), b: tensor([2], 4, 12) }, 12),
      'Tensor "b" starts at byte 4, inside',
    ],
    [
      "a hole between tensors",
      fileOf({ a: tensor([1], 0, 4), b: tensor([1], 8, 12) }, 12),
      'Tensor "b" starts at byte 8; expected 4',
    ],
    ["metadata that is no text", fileOf({ __metadata__: { a: 1 } }), "`__metadata__`"],
    [
      "a duplicate name",
      fileOf(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        8,
      ),
      "starts at byte 4; expected 0",
    ],
  ])("%s, naming the file", (_what, bytes, message) => {
    const read = () => decodeSafetensors(bytes, "weights.safetensors");
    expect(read).toThrow(UserError);
    expect(read).toThrow(message);
    expect(read).toThrow("weights.safetensors: ");
  });

  it("any single damaged byte of the header, or reads a file of the same layout", () => {
    for (let at = 0; at < good.length - 16; at++) {
      for (const value of [0x00, 0x20, 0x30, 0x7b, 0xff]) {
        const bytes = good.slice();
        bytes[at] = value;
        try {
          expect(decodeSafetensors(bytes, "f").tensors.size).toBeLessThanOrEqual(1);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }
    }
  });
});
