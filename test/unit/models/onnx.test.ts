// The ONNX importer against ONNX Runtime on the same bytes, op by op; and every way a file can be wrong.
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { buildNetwork } from "../../../src/curvature/buildNetwork";
import { Curvature } from "../../../src/curvature/curvature";
import { viewsOf } from "../../../src/curvature/flat";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { evaluate } from "../../../src/engines/tensorflow/engine";
import { vjp } from "../../../src/graph/differentiate";
import { Graph } from "../../../src/graph/node";
import { losses } from "../../../src/losses";
import { initialize } from "../../../src/models";
import { importOnnx } from "../../../src/models/onnx";
import { onnxOps } from "../../../src/models/onnx/ops";
import { UserError } from "../../../src/protocol/errors";
import { Rng } from "../../../src/util/rng";
import { expectClose, tf, uniform } from "../../support/numeric";
import { onnxBytes, type ModelBytes, type NodeSpec } from "./onnxBytes";
import { onnxSamples, type OnnxSample } from "./onnxSamples";

const engine = onnxEngine("test", { threads: 1 });
const n = 3;
const F32 = 1e-4;

/** Ends in rows, whatever the op gives; a model without weights gets a factor, so that there is something to train. */
function ended(sample: OnnxSample): ModelBytes & { trained: readonly string[] } {
  const bare = sample.trained.length === 0;
  const [x, scaled] = bare ? ["scaled", [["Mul", ["x", "unit"], ["scaled"]] satisfies NodeSpec]] : ["x", []];
  const nodes = sample.nodes.map(([op, inputs, outputs, attributes]): NodeSpec => [
    op,
    inputs.map((name) => (name === "x" ? x : name)),
    outputs,
    attributes,
  ]);
  const last = nodes.at(-1)![2][0];
  return {
    ...sample,
    nodes: [...scaled, ...nodes, ["Flatten", [last], ["rows"]]],
    initializers: { ...sample.initializers, ...(bare ? { unit: { floats: [1] } } : {}) },
    trained: bare ? ["unit"] : sample.trained,
  };
}

test("every op has a sample", () => {
  const used = new Set(onnxSamples.flatMap(({ nodes }) => nodes.map(([op]) => op)));
  expect([...Object.keys(onnxOps)].filter((op) => !used.has(op))).toEqual([]);
});

describe.each(onnxSamples.map((sample) => ({ name: sample.name, sample })))("$name", ({ sample }) => {
  test("gives what ONNX Runtime gives, and per-example factors that are right", async () => {
    const model = ended(sample);
    const bytes = onnxBytes(model);
    const tokens = sample.nodes.some(([op]) => op === "Cast") && sample.x.length === 1;
    const x = tokens
      ? Float32Array.from([0, 4, 1, 1, 2, 3, 4, 4, 0])
      : uniform(new Rng(3, sample.name), [n, ...sample.x]);
    const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
    const { rows } = await session.run({ x: new Tensor("float32", x, [n, ...sample.x]) });
    const K = rows.dims[1];

    const imported = importOnnx({ bytes, file: "net.onnx" }, sample.x, K, { train: ["*"] });
    expect(imported.parameters.map(({ name }) => name)).toEqual(model.trained);
    const inputs = sample.x.reduce((a, b) => a * b, 1);
    const parts = { model: imported, loss: losses["squared-error"], inputs, outputs: K };
    const network = buildNetwork(parts, n);
    const y = uniform(new Rng(4, "y"), [n, K]);
    const compiled = new Curvature(engine, network, { x, y });
    const theta = new Float32Array(compiled.size);
    const views = viewsOf(
      theta,
      imported.parameters.map(({ shape }) => shape),
    );
    initialize(imported.parameters, new Rng(0)).forEach((values, i) => views[i].set(values));
    const curvature = compiled.at(theta);
    const forward = await engine.compile([network.x, ...network.parameters], [network.output]);
    expectClose((await forward.run([x, ...views]))[0], rows.data as Float32Array, F32, "outputs");
    const tensors = [
      tf.tensor(x, [n, inputs]),
      ...views.map((v, i) => tf.tensor(v, [...imported.parameters[i].shape])),
    ];
    const [other] = evaluate(tf, [network.x, ...network.parameters], [network.output], tensors);
    expectClose(other.dataSync(), rows.data as Float32Array, F32, "outputs by tfjs");

    const u = network.graph.input("test.u", [n, K]);
    const row = await engine.compile(
      [network.x, network.y, ...network.parameters, u],
      vjp([network.output], [network.factor(u)], network.parameters),
    );
    const G: Float64Array[] = [];
    for (let i = 0; i < n * K; i++) {
      const seed = new Float32Array(n * K);
      seed[i] = 1;
      const each = await row.run([x, y, ...views, seed]);
      G.push(Float64Array.from(each.flatMap((part) => Array.from(part))));
    }
    const gram = G.flatMap((a) => G.map((b) => a.reduce((s, value, i) => s + value * b[i], 0)));
    expectClose(await curvature.gram(), gram, F32, "Gram");
  });
});

/** The reshapes of torch 1.13's GroupNorm and MultiheadAttention, which copy the number of examples, or have it written into them. */
const traced: readonly [string, readonly number[], (n: number) => Partial<ModelBytes>][] = [
  [
    "a copied axis before one that is left over",
    [4, 4],
    () => ({
      nodes: [
        ["Reshape", ["x", "grouped"], ["g"]],
        ["InstanceNormalization", ["g", "one", "zero"], ["i"]],
        ["Shape", ["x"], ["s"]],
        ["Reshape", ["i", "s"], ["b"]],
        ["Flatten", ["b"], ["f"]],
        ["Gemm", ["f", "w"], ["y"]],
      ],
      initializers: {
        grouped: { ints: [0, 2, -1] },
        one: { floats: [1, 1] },
        zero: { floats: [0, 0] },
        w: { shape: [16, 2] },
      },
    }),
  ],
  [
    "heads beside the examples, then sequences before them",
    [5, 4],
    (n) => ({
      nodes: [
        ["Transpose", ["x"], ["t"], { perm: [1, 0, 2] }],
        ["Reshape", ["t", "heads"], ["b"]],
        ["Transpose", ["b"], ["left"], { perm: [1, 0, 2] }],
        ["Transpose", ["b"], ["right"], { perm: [1, 2, 0] }],
        ["MatMul", ["left", "right"], ["scores"]],
        ["Softmax", ["scores"], ["seen"], { axis: -1 }],
        ["MatMul", ["seen", "left"], ["c"]],
        ["Transpose", ["c"], ["d"], { perm: [1, 0, 2] }],
        ["Reshape", ["d", "flat"], ["e"]],
        ["Gemm", ["e", "w"], ["f"]],
        ["Reshape", ["f", "back"], ["h"]],
        ["ReduceMean", ["h"], ["y"], { axes: [0], keepdims: 0 }],
      ],
      initializers: {
        heads: { ints: [5, 2 * n, 2] },
        flat: { ints: [5 * n, 4] },
        w: { shape: [4, 2] },
        back: { ints: [5, n, 2] },
      },
    }),
  ],
];

test.each(traced)("exported for 1, 2 or 4 examples, a network is the same: %s", async (_, shape, model) => {
  const size = shape.reduce((a, b) => a * b, 1);
  const outputs = async (batch: number): Promise<Float32Array> => {
    const bytes = onnxBytes({ x: shape, nodes: [], ...model(batch), batch });
    const built = importOnnx({ bytes, file: "net.onnx" }, shape, 2, { train: ["w"] });
    const graph = new Graph();
    const x = graph.input("x", [4, size]);
    const { output, parameterNodes } = built.build(x);
    const f = await engine.compile([x, ...parameterNodes], [output]);
    const [w] = initialize(built.parameters, new Rng(0));
    return (await f.run([uniform(new Rng(3, "x"), [4, size]), w]))[0];
  };
  const right = await outputs(4);
  for (const batch of [1, 2]) expectClose(await outputs(batch), right, 1e-6, `exported for ${batch}`);
});

describe("a file that cannot be used says why", () => {
  const two: ModelBytes = {
    x: [4],
    nodes: [["Gemm", ["x", "w"], ["y"], { transB: 1 }]],
    initializers: { w: { shape: [2, 4] } },
  };
  const load = (model: ModelBytes, shape: readonly number[] = [4], K = 2, freeze: readonly string[] = []) =>
    importOnnx({ bytes: onnxBytes(model), file: "net.onnx" }, shape, K, { train: ["*"], freeze });
  const mixed: ModelBytes = {
    ...two,
    x: [2, 4],
    nodes: [
      ["Transpose", ["x"], ["a"], { perm: [1, 0, 2] }],
      ["Reshape", ["a", "to"], ["b"]],
      ["Gemm", ["b", "w"], ["y"], { transB: 1 }],
    ],
    initializers: { w: { shape: [2, 8] }, to: { ints: [-1, 8] } },
  };

  test.each<[string, () => unknown, string]>([
    [
      "an unknown op",
      () => load({ ...two, nodes: [["LSTM", ["x", "w"], ["y"]]] }),
      "net.onnx: Op LSTM (node y) is not supported.\n  Supported: Add,",
    ],
    [
      "bytes that are no model",
      () => importOnnx({ bytes: Uint8Array.from([255, 1, 2]), file: "net.onnx" }, [4], 2),
      "net.onnx: Expected an ONNX model",
    ],
    [
      "inputs of another size",
      () => load(two, [1, 28, 28]),
      'input "x" wants examples of shape [4]; the data gives [1, 28, 28]',
    ],
    [
      "outputs of another number",
      () => load(two, [4], 10),
      'output "y" is [n, 2]; the data asks for [n, 10]',
    ],
    [
      "a parameter where none can be",
      () =>
        load({
          ...two,
          nodes: [
            ["Tanh", ["w"], ["t"]],
            ["Gemm", ["x", "t"], ["y"], { transB: 1 }],
          ],
        }),
      "Node t (Tanh): it takes parameter w as input 0, which is not supported for this op.",
    ],
    [
      "examples mixed with positions",
      () => load(mixed, [2, 4], 2),
      "Node b (Reshape): it mixes the numbers of several examples",
    ],
    [
      "a frozen name that is none",
      () => load(two, [4], 2, ["v"]),
      'model.freeze names "v", which is no initializer',
    ],
    [
      "nothing to train",
      () => load(two, [4], 2, ["w"]),
      "net.onnx: The model has no trainable initializers.",
    ],
    [
      "an attribute that no rule reads",
      () => load({ ...two, nodes: [["Gemm", ["x", "w"], ["y"], { transB: 1, activation: "relu" }]] }),
      'Node y (Gemm): its attribute "activation" is not supported at opset 17.',
    ],
    [
      "an attribute of another type",
      () => load({ ...two, nodes: [["Gemm", ["x", "w"], ["y"], { transB: { float: 1 } }]] }),
      'its attribute "transB" is of another type; expected INT',
    ],
    [
      "an input that no rule reads",
      () =>
        load({
          ...two,
          nodes: [
            ["Relu", ["x", "w"], ["a"]],
            ["Gemm", ["a", "w"], ["y"], { transB: 1 }],
          ],
        }),
      'Node a (Relu): its input 1, "w", is not supported.',
    ],
    ...(["Pow", "Gather", "Expand", "Reshape", "ConstantOfShape"] as const).map(
      (op): [string, () => unknown, string] => [
        `${op} without its inputs`,
        () =>
          load({
            ...two,
            nodes: [
              [op, op === "ConstantOfShape" ? [] : ["x"], ["a"]],
              ["Gemm", ["x", "w"], ["y"]],
            ],
          }),
        `Node a (${op}): its input ${op === "ConstantOfShape" ? 0 : 1} is missing`,
      ],
    ),
    [
      "a shape that no memory holds",
      () =>
        load({
          ...two,
          nodes: [
            ["ConstantOfShape", ["huge"], ["a"]],
            ["Gemm", ["x", "w"], ["y"], { transB: 1 }],
          ],
          initializers: { w: { shape: [2, 4] }, huge: { ints: [100000, 100000] } },
        }),
      "[100000, 100000] would take 37.3 GB.",
    ],
    [
      "a setting without a rule",
      () =>
        load({
          ...two,
          nodes: [["Pow", ["x", "w"], ["y"]]],
          initializers: { w: { floats: [2.5], shape: [] } },
        }),
      "exponent 2.5 is not supported",
    ],
  ])("%s", (_what, run, message) => {
    expect(run).toThrow(UserError);
    expect(run).toThrow(message);
  });

  test("what is frozen keeps its values and is no parameter", async () => {
    const model: ModelBytes = {
      ...two,
      nodes: [
        ["Add", ["x", "place"], ["a"]],
        ...two.nodes.map(([op, , out, at]): NodeSpec => [op, ["a", "w"], out, at]),
      ],
      initializers: { ...two.initializers, place: { floats: [1, -2, 3, 0.5] } },
    };
    const imported = load(model, [4], 2, ["place"]);
    expect(imported.parameters.map(({ name }) => name)).toEqual(["w"]);
    const network = buildNetwork({ model: imported, loss: losses.mse, inputs: 4, outputs: 2 }, 1);
    const w = initialize(imported.parameters, new Rng(0))[0];
    const forward = await engine.compile([network.x, ...network.parameters], [network.output]);
    const [y] = await forward.run([new Float32Array(4), w]);
    const place = [1, -2, 3, 0.5];
    expectClose(
      y,
      [0, 1].map((o) => place.reduce((s, p, i) => s + p * w[4 * o + i], 0)),
      1e-6,
    );
  });
});
