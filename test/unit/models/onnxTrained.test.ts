// What of an ONNX file is trained, and what is said about it: buffers, exporter names, ties, folded normalizations, files beside it.
import { onnx } from "onnx-proto";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { Graph } from "../../../src/graph/node";
import { initialize, loadModel, type Model } from "../../../src/models";
import { importOnnx } from "../../../src/models/onnx";
import { onnxOps } from "../../../src/models/onnx/ops";
import { UserError } from "../../../src/protocol/errors";
import { fromHalf } from "../../../src/util/half";
import { Rng } from "../../../src/util/rng";
import { expectClose } from "../../support/numeric";
import { onnxBytes, type ModelBytes } from "./onnxBytes";
import { onnxSamples } from "./onnxSamples";

const load = (model: ModelBytes, K: number, spec = {}): Model =>
  importOnnx({ bytes: onnxBytes(model), file: "net.onnx" }, model.x, K, spec);
const names = (model: Model): string[] => model.parameters.map(({ name }) => name);
const size = (model: Model): number =>
  model.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);

const normalizing: ModelBytes = {
  x: [4],
  nodes: [
    ["Sub", ["x", "mean"], ["a"]],
    ["Div", ["a", "std"], ["b"]],
    ["Gemm", ["b", "w", "bias"], ["y"], { transB: 1 }],
  ],
  initializers: { w: { shape: [3, 4] }, bias: { shape: [3] }, mean: { shape: [4] }, std: { shape: [4] } },
};

test("what is subtracted from the examples or divides them is a constant, and that is said", () => {
  const model = load(normalizing, 3);
  expect(names(model)).toEqual(["w", "bias"]);
  expect(model.notices).toEqual([
    "mean, std: taken for constant, since it is subtracted or divides, as a normalization does. List what is trained in model.train to decide otherwise.",
  ]);
});

test("train lists what alone is trained, freeze what is not, both with *", () => {
  expect(names(load(normalizing, 3, { train: ["mean", "w*"] }))).toEqual(["mean", "w"]);
  expect(names(load(normalizing, 3, { train: ["*"], freeze: ["*an", "std"] }))).toEqual(["w", "bias"]);
});

test("a factor that meets the examples before any weight is a constant, one behind a weight is trained", () => {
  const scaled = (before: boolean): ModelBytes => ({
    x: [3],
    nodes: before
      ? [
          ["Mul", ["x", "s"], ["a"]],
          ["MatMul", ["a", "w"], ["y"]],
        ]
      : [
          ["MatMul", ["x", "w"], ["a"]],
          ["Mul", ["a", "s"], ["y"]],
        ],
    initializers: { w: { shape: [3, 3] }, s: { shape: [3] } },
  });
  expect(names(load(scaled(true), 3))).toEqual(["w"]);
  expect(names(load(scaled(false), 3))).toEqual(["w", "s"]);
});

test("an exporter's name is a weight where it multiplies rows, with a notice, and a constant elsewhere", () => {
  const model = load(
    {
      x: [4],
      nodes: [
        ["MatMul", ["x", "val_2"], ["a"]],
        ["Mul", ["a", "val_9"], ["y"]],
      ],
      initializers: { val_2: { shape: [4, 3] }, val_9: { floats: [0.5] } },
    },
    3,
  );
  expect(names(model)).toEqual(["val_2"]);
  expect(model.notices.join("\n")).toMatch(/val_9: taken for constant.*\nval_2: a name of the exporter's/);
});

test.each([false, true])("equal numbers, transposed: %s, are one weight", (transposed) => {
  const values = Array.from({ length: 20 }, (_, i) => Math.sin(i * i));
  // [5, 4] and its transpose [4, 5].
  const turned = Array.from({ length: 20 }, (_, at) => values[(at % 5) * 4 + Math.floor(at / 5)]);
  const first = { floats: values, shape: [5, 4] };
  const model = load(
    {
      x: [4],
      nodes: [
        ["Gemm", ["x", "again"], ["a"], transposed ? {} : { transB: 1 }],
        ["Tanh", ["a"], ["t"]],
        ["MatMul", ["t", "w"], ["y"]],
      ],
      initializers: { w: first, again: transposed ? { floats: turned, shape: [4, 5] } : first },
    },
    4,
  );
  expect(size(model)).toBe(20);
  expect(model.notices).toEqual([`again is w${transposed ? " transposed" : ""}: trained as one weight.`]);
});

test("initializers that are all ones are no sign of one weight", () => {
  const ones = { floats: new Array<number>(16).fill(1), shape: [4, 4] };
  const nodes: ModelBytes["nodes"] = [
    ["MatMul", ["x", "a"], ["t"]],
    ["MatMul", ["t", "b"], ["y"]],
  ];
  expect(size(load({ x: [4], nodes, initializers: { a: ones, b: ones } }, 4))).toBe(32);
});

test("a layer that carries a normalization's name is said to have swallowed it", () => {
  const model = load(
    {
      x: [4],
      nodes: [
        ["Gemm", ["x", "w"], ["getitem"]],
        ["Tanh", ["getitem"], ["y"]],
      ],
      initializers: { w: { shape: [4, 3] } },
    },
    3,
  );
  expect(model.notices.join()).toContain("the exporter has folded a normalization into the weights");
});

describe("weights beside the model", () => {
  const weights = Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
  const beside = (location: string, more: Record<string, string> = {}): Uint8Array => {
    const model = onnx.ModelProto.decode(
      onnxBytes({ x: [4], nodes: [["MatMul", ["x", "w"], ["y"]]], initializers: { w: { shape: [4, 2] } } }),
    );
    const [tensor] = model.graph!.initializer!;
    tensor.rawData = new Uint8Array();
    tensor.dataLocation = onnx.TensorProto.DataLocation.EXTERNAL;
    tensor.externalData = Object.entries({ location, ...more }).map(([key, value]) => ({ key, value }));
    return onnx.ModelProto.encode(model).finish();
  };
  const read = (bytes: Uint8Array, asked: string[]) => (path: string) => {
    asked.push(path);
    return Promise.resolve(path.endsWith(".onnx") ? bytes : new Uint8Array(weights.buffer));
  };

  test("are read from the model's folder", async () => {
    const asked: string[] = [];
    const bytes = beside("sub/net.data", { offset: "0", length: "32" });
    const model = await loadModel({ onnx: "models/net.onnx" }, [4], 2, read(bytes, asked));
    expect(asked).toEqual(["models/net.onnx", "models/sub/net.data"]);
    expect(model.parameters[0].init).toEqual({ kind: "values", values: weights });
  });

  test.each(["../net.data", "/etc/passwd", "a/../../b", "C:\\x", "..\\x", ""])(
    "are not looked for in %j",
    async (location) => {
      const asked: string[] = [];
      const loaded = loadModel({ onnx: "net.onnx" }, [4], 2, read(beside(location), asked));
      await expect(loaded).rejects.toThrow("is not inside the model's folder");
      expect(asked).toEqual(["net.onnx"]);
    },
  );

  test.each([
    ["offset", { offset: "8" }, "should have 32 bytes; found 24"],
    ["length", { length: "64" }, 'should be bytes 0 to 64 of "d", which has 32'],
    ["negative offset", { offset: "-8" }, "should be bytes -8"],
  ])("that do not fit are refused: %s", async (_what, more, message) => {
    await expect(loadModel({ onnx: "net.onnx" }, [4], 2, read(beside("d", more), []))).rejects.toThrow(
      message,
    );
  });
});

test("float16 and bfloat16 weights are read, whichever way they are stored", () => {
  const { DataType } = onnx.TensorProto;
  const stored: [onnx.TensorProto.DataType, number[]][] = [
    [DataType.FLOAT16, [0x3c00, 0xc100, 0x0001, 0x7bff]],
    [DataType.BFLOAT16, [0x3f80, 0xc020, 0x3f00, 0x4000]],
  ];
  const wanted = [
    [1, -2.5, 2 ** -24, 65504],
    [1, -2.5, 0.5, 2],
  ];
  stored.forEach(([dataType, bits], i) => {
    for (const raw of [false, true]) {
      const model = onnx.ModelProto.decode(
        onnxBytes({ x: [2], nodes: [["MatMul", ["x", "w"], ["y"]]], initializers: { w: { shape: [2, 2] } } }),
      );
      const data = raw ? { rawData: new Uint8Array(Uint16Array.from(bits).buffer) } : { int32Data: bits };
      model.graph!.initializer = [{ name: "w", dims: [2, 2], dataType, ...data }];
      const bytes = onnx.ModelProto.encode(model).finish();
      const { parameters } = importOnnx({ bytes, file: "net.onnx" }, [2], 2);
      expect(parameters[0].init).toEqual({ kind: "values", values: Float32Array.from(wanted[i]) });
    }
  });
});

/** Half precision: 11 bits. */
const epsilon16 = 2 ** -10;

test("a network of float16 gives what ONNX Runtime gives of it, to what float16 resolves", async () => {
  const { DataType } = onnx.TensorProto;
  const [n, K] = [5, 3];
  const float32 = onnx.ModelProto.decode(
    onnxBytes({
      x: [4],
      nodes: [
        ["Gemm", ["x", "w", "b"], ["h"], { transB: 1 }],
        ["Tanh", ["h"], ["a"]],
        ["Gemm", ["a", "v"], ["y"], { transB: 1 }],
      ],
      initializers: { w: { shape: [8, 4] }, b: { shape: [8] }, v: { shape: [K, 8] } },
    }),
  );
  // Sixteen bits for each number of [0.5, 1.5], moved about 0: an exponent of 14 or 15 and random fractions.
  const rng = new Rng(5, "float16");
  const graph = float32.graph!;
  const bits = (size: number) =>
    Uint16Array.from(
      { length: size },
      () => (rng.uniform() < 0.5 ? 0x8000 : 0) + 0x3800 + Math.floor(rng.uniform() * 0x400),
    );
  graph.initializer = graph.initializer!.map(({ name, dims }) => ({
    name,
    dims,
    dataType: DataType.FLOAT16,
    rawData: new Uint8Array(bits(dims!.reduce<number>((a, b) => a * Number(b), 1)).buffer),
  }));
  for (const one of [...graph.input!, ...graph.output!]) one.type!.tensorType!.elemType = DataType.FLOAT16;
  const bytes = onnx.ModelProto.encode(float32).finish();

  // Fed and read in float32, which a half fits into: where JavaScript has a Float16Array ONNX Runtime's binding for Node takes none.
  const cast = (input: string, output: string, to: number) => ({
    opType: "Cast",
    input: [input],
    output: [output],
    attribute: [{ name: "to", type: onnx.AttributeProto.AttributeType.INT, i: to }],
  });
  graph.node = [cast("x32", "x", DataType.FLOAT16), ...graph.node!, cast("y", "y32", DataType.FLOAT)];
  for (const one of [...graph.input!, ...graph.output!]) {
    one.name = `${one.name!}32`;
    one.type!.tensorType!.elemType = DataType.FLOAT;
  }
  const session = await InferenceSession.create(onnx.ModelProto.encode(float32).finish(), {
    logSeverityLevel: 3,
  });
  const given = bits(n * 4);
  const x32 = new Tensor("float32", Float32Array.from(given, fromHalf), [n, 4]);
  const { y32 } = await session.run({ x32 });
  const wanted = Array.from(y32.data as Float32Array);

  const built = importOnnx({ bytes, file: "net.onnx" }, [4], K);
  const x = new Graph().input("x", [n, 4]);
  const { output, parameterNodes } = built.build(x);
  const forward = await onnxEngine("test", { threads: 1 }).compile([x, ...parameterNodes], [output]);
  const [found] = await forward.run([
    Float32Array.from(given, fromHalf),
    ...initialize(built.parameters, new Rng(0)),
  ]);
  // One rounding for each layer, of sums of eight numbers up to 1.
  expectClose(found, wanted, 8 * epsilon16, "outputs");
});

describe("damaged files", () => {
  /** Imports and builds for three examples; whatever is not a UserError fails the test. */
  const survives = (bytes: Uint8Array, shape: readonly number[], K: number): void => {
    try {
      importOnnx({ bytes, file: "net.onnx" }, shape, K);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  };

  test("bytes changed at random give an error of the user's or a network, never an internal one", () => {
    const rng = new Rng(11, "fuzz");
    for (const sample of onnxSamples) {
      const bytes = onnxBytes(sample);
      for (let round = 0; round < 25; round++) {
        const changed = bytes.slice(0, round % 5 === 0 ? Math.ceil(rng.uniform() * bytes.length) : undefined);
        for (let i = 0; i <= round % 4; i++)
          changed[Math.floor(rng.uniform() * changed.length)] = Math.floor(rng.uniform() * 256);
        survives(changed, sample.x, 4);
      }
    }
  });

  test("nodes with inputs missing, exchanged or added, and attributes of other ops, do too", () => {
    const rng = new Rng(12, "fuzz");
    const pick = <T>(list: readonly T[]): T => list[Math.floor(rng.uniform() * list.length)];
    const attributes = onnxSamples.flatMap(({ nodes }) =>
      nodes.flatMap((node) => Object.entries(node[3] ?? {})),
    );
    for (const op of Object.keys(onnxOps))
      for (let round = 0; round < 40; round++) {
        const sample = pick(onnxSamples);
        const given = ["x", "", ...Object.keys(sample.initializers ?? {})];
        const inputs = Array.from({ length: Math.floor(rng.uniform() * 5) }, () => pick(given));
        const own = round % 2 === 0 ? {} : Object.fromEntries([pick(attributes)]);
        const nodes = [[op, inputs, ["odd"], own] as const, ["Flatten", ["odd"], ["y"]] as const];
        survives(onnxBytes({ ...sample, nodes }), sample.x, 4);
      }
  });
});
