// Every attribute and input that the ONNX schema lists, of every op and version that is imported: honoured as ONNX Runtime honours it, or
// refused by name. The schema is test/fixtures/onnxSchemas.json, written from the ONNX package by onnx_schemas.py.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { onnx } from "onnx-proto";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { Graph } from "../../../src/graph/node";
import { initialize } from "../../../src/models";
import { importOnnx } from "../../../src/models/onnx";
import { onnxOps } from "../../../src/models/onnx/ops";
import { UserError } from "../../../src/protocol/errors";
import { Rng } from "../../../src/util/rng";
import { relativeError, uniform } from "../../support/numeric";
import { onnxBytes, type Attribute, type Initializer, type NodeSpec } from "./onnxBytes";

interface Schema {
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, readonly [type: string, standard: unknown]>>;
}
const { ops } = JSON.parse(readFileSync(join(__dirname, "../../fixtures/onnxSchemas.json"), "utf8")) as {
  ops: Readonly<Record<string, Readonly<Record<string, Schema>>>>;
};

const engine = onnxEngine("test", { threads: 1 });
const n = 3;

type Attributes = Readonly<Record<string, Attribute>>;
interface Base {
  /** Shape of one example; "x" is it times a trained 1. */
  readonly x: readonly number[];
  readonly inputs: readonly string[];
  readonly attributes?: Attributes;
  readonly outputs?: readonly string[];
  /** What makes rows that depend on x out of the op's output "y"; the last makes "z". */
  readonly after?: readonly NodeSpec[];
}

const f = (float: number): Attribute => ({ float });
const floats = (...values: number[]): Initializer => ({ floats: values });
const scalar = (value: number): Initializer => ({ floats: [value], shape: [] });
const whole = (value: number): Initializer => ({ ints: [value], scalar: true });
const ints = (...values: number[]): Initializer => ({ ints: values });
const filled = (...shape: number[]): Initializer => ({ shape });

const constants: Readonly<Record<string, Initializer>> = {
  vector: filled(4),
  vector2: filled(2),
  vectorB: filled(4),
  mean: filled(4),
  variance: filled(4),
  matrix: filled(4, 4),
  filter: filled(4, 2, 3, 3),
  three: scalar(3),
  half: scalar(0.5),
  low: scalar(-0.3),
  high: scalar(0.4),
  one: whole(1),
  five: whole(5),
  two: whole(2),
  i0: ints(0),
  i1: ints(1),
  i2: ints(2),
  i3: ints(3),
  i4: ints(4),
  i13: ints(1, 3),
  i22: ints(2, 2),
  to: ints(0, 2, -1),
  back: ints(-1, 12),
  wide: ints(1, 3, 4),
  pads: ints(0, 1, 0, 2),
  pads3: ints(0, 1, 0, 0, 0, 2),
  pads1: ints(1, 2),
};

const added: readonly NodeSpec[] = [
  ["Cast", ["y"], ["number"], { to: 1 }],
  ["Add", ["x", "number"], ["z"]],
];
const pool = (k: number): Base => ({
  x: [4, 5, 5],
  inputs: ["x"],
  attributes: { kernel_shape: [k, k] },
});
const pair = (second: string): Base => ({ x: [3, 4], inputs: ["x", second] });
const reduced = (byAttribute: boolean): Base =>
  byAttribute ? { x: [3, 4], inputs: ["x"], attributes: { axes: [1] } } : { x: [3, 4], inputs: ["x", "i1"] };
const channels = (...more: string[]): Base => ({ x: [4, 2, 2], inputs: ["x", ...more] });

/** A smallest node of an op as its version `v` writes it; an op without an entry takes x alone. */
const bases: Readonly<Record<string, (v: number) => Base>> = {
  ...Object.fromEntries(["Add", "Sub", "Mul", "Div", "PRelu"].map((op) => [op, () => pair("vector")])),
  Pow: () => pair("three"),
  Gemm: (v) => ({ x: [4], inputs: v < 11 ? ["x", "matrix", "vector"] : ["x", "matrix"] }),
  MatMul: () => pair("matrix"),
  Conv: () => ({ x: [2, 5, 5], inputs: ["x", "filter"] }),
  MaxPool: () => pool(2),
  AveragePool: () => pool(2),
  GlobalAveragePool: () => channels(),
  Flatten: () => ({ x: [3, 4], inputs: ["x"], after: [["Reshape", ["y", "back"], ["z"]]] }),
  BatchNormalization: () => channels("vector", "vectorB", "mean", "variance"),
  InstanceNormalization: () => channels("vector", "vectorB"),
  GroupNormalization: (v) => ({
    ...(v < 21 ? channels("vector2", "vector2b") : channels("vector", "vectorB")),
    attributes: { num_groups: 2 },
  }),
  LayerNormalization: () => pair("vector"),
  Reshape: () => pair("to"),
  Expand: () => ({ x: [1, 4], inputs: ["x", "wide"] }),
  Unsqueeze: (v) =>
    v < 13 ? { x: [3, 4], inputs: ["x"], attributes: { axes: [1] } } : { x: [3, 4], inputs: ["x", "i1"] },
  Squeeze: () => ({ x: [1, 4], inputs: ["x"] }),
  Concat: () => ({ x: [3, 4], inputs: ["x", "x"], attributes: { axis: 2 } }),
  Slice: (v) =>
    v < 10
      ? { x: [4], inputs: ["x"], attributes: { starts: [1], ends: [3], axes: [1] } }
      : { x: [4], inputs: ["x", "i1", "i3", "i1"] },
  Split: (v) => ({
    x: [4, 4],
    inputs: v < 13 ? ["x"] : ["x", "i22"],
    outputs: ["y", "rest"],
    attributes: { axis: 1 },
  }),
  Softmax: () => ({ x: [3, 4], inputs: ["x"], attributes: { axis: 2 } }),
  LogSoftmax: () => ({ x: [3, 4], inputs: ["x"], attributes: { axis: 2 } }),
  ReduceMean: (v) => reduced(v < 18),
  ReduceSum: (v) => reduced(v < 13),
  Log: () => ({ ...pair("half"), inputs: ["half"], after: added }),
  Sqrt: () => ({ ...pair("half"), inputs: ["half"], after: added }),
  Gather: () => ({ x: [3, 4], inputs: ["x", "one"], attributes: { axis: 1 } }),
  Pad: (v) =>
    v < 11
      ? { x: [4], inputs: ["x"], attributes: { [v < 2 ? "paddings" : "pads"]: [0, 1, 0, 2] } }
      : { x: [4], inputs: ["x", "pads"] },
  Cast: () => ({
    x: [4],
    inputs: ["x"],
    attributes: { to: 1 },
    after: [["Cast", ["y"], ["z"], { to: 1 }]],
  }),
  Transpose: () => ({ x: [3, 4], inputs: ["x"], attributes: { perm: [0, 2, 1] } }),
  Shape: () => ({
    x: [3, 4],
    inputs: ["x"],
    after: [
      ["Cast", ["y"], ["number"], { to: 1 }],
      ["ReduceMean", ["number"], ["mid"]],
      ["Add", ["x", "mid"], ["z"]],
    ],
  }),
  Constant: () => ({ x: [2], inputs: [], attributes: { value: tensor([2, 3]) }, after: added }),
  ConstantOfShape: () => ({ x: [4], inputs: ["i4"], after: added }),
  Range: () => ({ x: [4], inputs: ["one", "five", "one"], after: added }),
  Equal: () => ({ x: [2], inputs: ["i13", "i1"], after: added }),
  ...Object.fromEntries(
    ["Greater", "Less"].map((op) => [op, () => ({ x: [2], inputs: ["half", "low"], after: added })]),
  ),
  Mod: () => ({ x: [2], inputs: ["i13", "i2"], after: added }),
  CastLike: () => ({ x: [2], inputs: ["i13", "half"], after: added }),
  Einsum: () => ({ ...pair("matrix"), attributes: { equation: "bij,jk->bik" } }),
  Where: () => ({ x: [2], inputs: ["truth", "i13", "i2"], after: added }),
};

function tensor(floatData: readonly number[]): Attribute {
  const t = {
    dims: [floatData.length],
    dataType: onnx.TensorProto.DataType.FLOAT,
    floatData: [...floatData],
  };
  return { raw: { type: onnx.AttributeProto.AttributeType.TENSOR, t } };
}

/** Values no schema has as its default, chosen so that they change the base's numbers wherever the attribute can. */
const others: Readonly<Record<string, Attribute>> = {
  allowzero: 1,
  alpha: f(0.37),
  approximate: "tanh",
  auto_pad: "SAME_UPPER",
  axes: [1],
  axis: 0,
  beta: f(0.37),
  broadcast: 1,
  ceil_mode: 1,
  consumed_inputs: [0],
  count_include_pad: 1,
  dilations: [2, 2],
  end: 2,
  ends: [1, 2],
  epsilon: f(0.3),
  equation: "bij,kj->bik",
  fmod: 1,
  gamma: f(1.7),
  group: 2,
  is_test: 1,
  keepdims: 0,
  kernel_shape: [3, 3],
  max: f(0.4),
  min: f(-0.3),
  mode: "edge",
  momentum: f(0.3),
  noop_with_empty_axes: 1,
  num_groups: 4,
  num_outputs: 3,
  pads: [1, 1, 1, 1],
  paddings: [0, 2, 0, 0],
  perm: [0, 1, 2],
  ratio: f(0.9),
  round_mode: "down",
  saturate: 0,
  seed: 7,
  shape: [3, 12],
  sparse_value: { raw: { type: 11 } },
  spatial: 0,
  split: [1, 3],
  start: 1,
  starts: [1],
  stash_type: 10,
  storage_order: 1,
  strides: [2, 2],
  to: 7,
  training_mode: 1,
  transA: 1,
  transB: 1,
  value: tensor([2.5]),
  value_float: f(2.5),
  value_floats: { floats: [2.5, 3] },
  value_int: 5,
  value_ints: [5, 6],
  value_string: "word",
  value_strings: { raw: { type: onnx.AttributeProto.AttributeType.STRINGS, strings: [Uint8Array.of(65)] } },
};
/** Where the general value does not fit an op. */
const own: Readonly<Record<string, Attribute>> = {
  "Gather.axis": 2,
  "Softmax.axis": 1,
  "LogSoftmax.axis": 1,
  "LayerNormalization.axis": 1,
  "Flatten.axis": 2,
  "Slice.starts": [2],
  "Slice.ends": [4],
  "Slice.axes": [-1],
  "ReduceMean.axes": [2],
  "ReduceSum.axes": [2],
  "Concat.axis": 1,
  "Split.axis": 2,
  "Pad.value": f(1.5),
  "Pad.pads": [0, 2, 0, 0],
  "Transpose.perm": [0, 1, 2],
};
/** Attributes that must come with others. */
const along: Readonly<Record<string, Attributes>> = {
  "AveragePool.count_include_pad": { pads: [1, 1, 1, 1] },
  "MaxPool.ceil_mode": { strides: [2, 2] },
  "AveragePool.ceil_mode": { strides: [2, 2] },
};
/** A value for each optional input, by op and name. */
const optional: Readonly<Record<string, string>> = {
  "Clip.min": "low",
  "Clip.max": "high",
  "Conv.B": "vector",
  "Dropout.ratio": "half",
  "Dropout.training_mode": "on",
  "Gemm.C": "vector",
  "LayerNormalization.B": "vectorB",
  "Pad.constant_value": "half",
  "Pad.axes": "i1",
  "ReduceMean.axes": "i2",
  "ReduceSum.axes": "i2",
  "Slice.axes": "i1",
  "Slice.steps": "i2",
  "Split.split": "i13",
  "Squeeze.axes": "i1",
};

interface Given {
  readonly op: string;
  readonly version: number;
  readonly base: Base;
}

function bytesOf({ op, version, base }: Given): Uint8Array {
  const after: readonly NodeSpec[] = base.after ?? [["Identity", ["y"], ["z"]]];
  const scaled = (name: string): string => (name === "x" ? "scaled" : name);
  const nodes: NodeSpec[] = [
    ["Mul", ["x", "unit"], ["scaled"]],
    [op, base.inputs.map(scaled), base.outputs ?? ["y"], base.attributes],
    ...after.map(([name, inputs, outputs, at]): NodeSpec => [name, inputs.map(scaled), outputs, at]),
    ["Flatten", ["z"], ["rows"]],
  ];
  const used = new Set(nodes.flatMap(([, inputs]) => inputs));
  const initializers = Object.entries({ ...constants, ...more }).filter(([name]) => used.has(name));
  return onnxBytes({
    nodes,
    x: base.x,
    opset: version,
    initializers: { ...Object.fromEntries(initializers), unit: floats(1) },
  });
}
const more: Readonly<Record<string, Initializer>> = {
  vector2b: filled(2),
  truth: { bools: [1, 0] },
  on: { bools: [1], scalar: true },
};

type Outcome = { readonly rows: Float32Array } | { readonly error: string };

/** The newest opset that ONNX Runtime takes: later versions are compared with what they were before. */
const newest = 25;

async function byRuntime(given: Given): Promise<Outcome> {
  try {
    const session = await InferenceSession.create(
      bytesOf({ ...given, version: Math.min(given.version, newest) }),
      { logSeverityLevel: 4 },
    );
    const x = uniform(new Rng(3, "x"), [n, ...given.base.x]);
    const { rows } = await session.run({ x: new Tensor("float32", x, [n, ...given.base.x]) });
    return { rows: Float32Array.from(rows.data as Float32Array) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

async function byBasin(given: Given, outputs: number): Promise<Outcome> {
  const { x: shape } = given.base;
  try {
    const train = given.base.inputs.includes("filter") ? ["unit", "filter"] : ["unit"];
    const model = importOnnx({ bytes: bytesOf(given), file: "net.onnx" }, shape, outputs, { train });
    const x = new Graph().input("x", [n, shape.reduce((a, b) => a * b, 1)]);
    const { output, parameterNodes } = model.build(x, "probe");
    const forward = await engine.compile([x, ...parameterNodes], [output]);
    const values = initialize(model.parameters, new Rng(0));
    const [rows] = await forward.run([uniform(new Rng(3, "x"), [n, ...shape]), ...values]);
    return { rows: Float32Array.from(rows) };
  } catch (error) {
    // A fault of ours must show as such.
    if (!(error instanceof UserError)) throw error;
    return { error: error.message };
  }
}

/** What is wrong with how `given` is treated, or nothing: it must agree with ONNX Runtime, or be refused by one of `names`. */
async function wrong(given: Given, names: readonly string[]): Promise<string[]> {
  const runtime = await byRuntime(given);
  const outputs = "rows" in runtime ? runtime.rows.length / n : 4;
  const basin = await byBasin(given, outputs);
  const what = `${given.op} ${given.version} ${names[0]}`;
  if ("error" in basin && "error" in runtime)
    return names[0].startsWith("(base)") ? [`${what}: ${runtime.error}`] : [];
  if ("error" in basin)
    return names.some((name) => basin.error.includes(name))
      ? []
      : [`${what}: refused without its name: ${basin.error}`];
  if ("error" in runtime) return [`${what}: taken, where ONNX Runtime says ${runtime.error.slice(0, 160)}`];
  const error = relativeError(basin.rows, runtime.rows);
  return error < 1e-5
    ? []
    : [`${what}: ${basin.rows.slice(0, 4).join(", ")} against ${runtime.rows.slice(0, 4).join(", ")}`];
}

const baseOf = (op: string, version: number): Base => bases[op]?.(version) ?? { x: [3, 4], inputs: ["x"] };

test("the schema lists the ops that are imported", () => {
  expect(Object.keys(ops).sort()).toEqual(Object.keys(onnxOps).sort());
});

test("an opset that ONNX Runtime does not run either is refused", async () => {
  const given = { op: "Relu", version: 6, base: baseOf("Relu", 6) };
  expect(await byBasin(given, 12)).toEqual({ error: expect.stringContaining("The model is of opset 6") });
});

/** A network without dropout is meant, see ops.ts: compared with ONNX Runtime's inference. */
const deliberate = "Dropout.training_mode";

test.each(Object.keys(ops))("%s: every attribute and input", async (op) => {
  const problems: string[] = [];
  for (const [since, { inputs, attributes }] of Object.entries(ops[op])) {
    const version = Math.max(Number(since), 7);
    // Another version of the op holds at the oldest opset that is read.
    if (Object.keys(ops[op]).some((other) => Number(other) > Number(since) && Number(other) <= version))
      continue;
    const base = baseOf(op, version);
    const given: Given = { op, version, base };
    problems.push(...(await wrong(given, ["(base) never refused"])));
    for (const name of Object.keys(attributes)) {
      const value = own[`${op}.${name}`] ?? others[name];
      if (value === undefined) throw new Error(`no value for ${op}.${name}`);
      const set = { ...along[`${op}.${name}`], [name]: value };
      const all = op === "Constant" ? set : { ...base.attributes, ...set };
      problems.push(...(await wrong({ ...given, base: { ...base, attributes: all } }, [name])));
    }
    for (const [i, written] of inputs.entries()) {
      const name = written.replace(/[?*]$/, "");
      if (written.endsWith("?")) {
        const all = Array.from({ length: i }, (_, k) => base.inputs[k] ?? "");
        const value = optional[`${op}.${name}`];
        if (value === undefined) throw new Error(`no value for ${op}.${name}`);
        const supplied = { ...given, base: { ...base, inputs: [...all, value] } };
        if (`${op}.${name}` === deliberate) {
          const [off, own] = [await byRuntime(given), await byBasin(supplied, 12)];
          expect(own).toEqual(off);
        } else problems.push(...(await wrong(supplied, [name, `input ${i}`])));
      } else if (!written.endsWith("*")) {
        const all = base.inputs.map((one, k) => (k === i ? "" : one));
        problems.push(
          ...(await wrong({ ...given, base: { ...base, inputs: all } }, [`input ${i} is missing`])),
        );
      }
    }
    // One input too many; where a later version takes it, it may be given to an earlier one.
    if (since === Object.keys(ops[op]).at(-1) && !inputs.some((written) => written.endsWith("*"))) {
      const all = Array.from({ length: inputs.length }, (_, k) => base.inputs[k] ?? "");
      problems.push(
        ...(await wrong({ ...given, base: { ...base, inputs: [...all, "vector"] } }, [
          `input ${inputs.length}, "vector"`,
        ])),
      );
    }
  }
  expect(problems).toEqual([]);
});
