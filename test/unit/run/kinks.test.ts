// What is said about kinks is what the graph does there, and what PyTorch does.
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { evaluate } from "../../../src/engines/tensorflow/engine";
import { grad, hvp } from "../../../src/graph/differentiate";
import { Graph, type Node } from "../../../src/graph/node";
import { maxAlong, mul, relu, reshape, sum, windowMax } from "../../../src/graph/ops";
import { buildModel } from "../../../src/models";
import type { BuiltinSpec, LayerSpec } from "../../../src/protocol/experiment";
import type { Kink } from "../../../src/protocol/kinks";
import { kinksOf } from "../../../src/trainers/basin/kinks";
import { tf } from "../../support/numeric";
import { python } from "../../support/runs";

const layers = (...list: LayerSpec[]): BuiltinSpec => ({ kind: "sequential", layers: list });

test.each<{ spec: BuiltinSpec; shape: number[]; kinks: Kink[] }>([
  { spec: { kind: "mlp", hidden: [3], activation: "tanh", bias: true }, shape: [2], kinks: [] },
  { spec: { kind: "mlp", hidden: [3], activation: "relu", bias: true }, shape: [2], kinks: ["relu"] },
  {
    spec: layers({ conv2d: { filters: 1, kernel: 1 } }, { maxPool2d: 2 }, "flatten", "dense"),
    shape: [1, 4, 4],
    kinks: ["oneHotMax"],
  },
  {
    spec: layers({ maxPool2d: { kernel: 2, stride: 1 } }, "flatten", "dense"),
    shape: [1, 4, 4],
    kinks: ["oneHotMax"],
  },
  {
    spec: layers({ residual: [{ dense: 2 }, { residual: ["relu", { dense: 2 }] }] }, "softplus", "dense"),
    shape: [2],
    kinks: ["relu"],
  },
  { spec: { kind: "twoMinima", start: 1 }, shape: [1], kinks: ["step"] },
])("$spec.kind with $kinks: every kind of kink is found, and no other", ({ spec, shape, kinks }) => {
  const x = new Graph().input("x", [2, shape.reduce((a, b) => a * b)]);
  expect(kinksOf(sum(buildModel(spec, shape, 1).build(x).output))).toEqual(kinks);
});

/** Gradient of Σ f at x [m], and its product with 1 … m, by both engines. */
async function derivatives(f: (x: Node) => Node, values: readonly number[]) {
  const graph = new Graph();
  const x = graph.input("x", [values.length]);
  const v = graph.input("v", [values.length]);
  const total = sum(f(x));
  const outputs = [...grad(total, [x]), ...hvp(total, [x], [v])];
  const feeds = [Float32Array.from(values), Float32Array.from(values, (_, i) => i + 1)];
  const onnx = await (await onnxEngine("test", { threads: 1 }).compile([x, v], outputs)).run(feeds);
  const other = evaluate(
    tf,
    [x, v],
    outputs,
    feeds.map((feed) => tf.tensor(feed)),
  );
  other.forEach((tensor, i) => expect([...tensor.dataSync()]).toEqual([...onnx[i]]));
  return { first: [...onnx[0]], second: [...onnx[1]] };
}

describe("at the kink itself", () => {
  const square = (y: Node): Node => mul(y, y);
  const cases = [
    {
      name: "ReLU at 0: the derivative is 0, the second one too",
      f: relu,
      torch: "torch.relu(x)",
      x: [-1, 0, 2],
      first: [0, 0, 1],
      second: [0, 0, 0],
    },
    {
      name: "the square of ReLU: only the linear piece to the right curves",
      f: (x: Node) => square(relu(x)),
      torch: "torch.relu(x) ** 2",
      x: [-1, 0, 2],
      first: [0, 0, 4],
      second: [0, 0, 6],
    },
    {
      name: "max-pool with stride 1: the first of equal maxima takes the derivative",
      f: (x: Node) => square(maxAlong(reshape(x, [1, 4]), 1)),
      torch: "torch.nn.functional.max_pool2d(x.reshape(1, 1, 2, 2), 2) ** 2",
      x: [1, 3, 3, 3],
      first: [0, 6, 0, 0],
      second: [0, 4, 0, 0],
    },
    {
      name: "max-pool: the first of equal maxima takes the derivative",
      f: (x: Node) => square(sum(mul(windowMax(reshape(x, [1, 1, 2, 2]), 2), reshape(x, [1, 1, 2, 2])))),
      torch: "torch.nn.functional.max_pool2d(x.reshape(1, 1, 2, 2), 2) ** 2",
      x: [1, 3, 3, 3],
      first: [0, 6, 0, 0],
      second: [0, 4, 0, 0],
    },
  ];

  test.each(cases)("$name", async ({ f, x, first, second }) => {
    expect(await derivatives(f, x)).toEqual({ first, second });
  });

  test.skipIf(!python).each(cases)(
    "PyTorch agrees (needs Python with torch): $name",
    ({ torch, x, first, second }) => {
      const script = [
        "import json, torch",
        `x = torch.tensor(${JSON.stringify(x)}, dtype=torch.float64, requires_grad=True)`,
        `(g,) = torch.autograd.grad((${torch}).sum(), x, create_graph=True)`,
        "v = torch.arange(1, len(x) + 1, dtype=torch.float64)",
        "h = torch.autograd.grad(g, x, v)[0] if g.requires_grad else torch.zeros_like(x)",
        "print(json.dumps([g.tolist(), h.tolist()]))",
      ];
      const { stdout, stderr } = spawnSync(python!, ["-c", script.join("\n")], { encoding: "utf8" });
      expect(JSON.parse(stdout || JSON.stringify(stderr))).toEqual([first, second]);
    },
  );
});
