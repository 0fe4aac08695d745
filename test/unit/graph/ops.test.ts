// Every op of the registry, by its line alone: shape, every engine, gradient, second derivative.
import { describe, expect, test } from "vitest";
import { kernelEngine } from "../../../src/engines/kernels/engine";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { emitOnnx } from "../../../src/engines/onnx/emit";
import { native } from "../../../src/engines/onnx/native";
import { sessionEngine } from "../../../src/engines/onnx/session";
import { wasm } from "../../../src/engines/onnx/wasm";
import { evaluate, tensorflowEngine } from "../../../src/engines/tensorflow/engine";
import { grad, hvp, jvp } from "../../../src/graph/differentiate";
import { Graph, type Node } from "../../../src/graph/node";
import { add, dot, ops } from "../../../src/graph/ops";
import { Rng } from "../../../src/util/rng";
import { expectClose, tf, uniform } from "../../support/numeric";

/** float32 rounding through a handful of operations. */
const F32 = 2e-5;
/** Central differences in float32: rounding error / step plus the step squared. */
const DIFFERENCE = 2e-2;

/** Both builds of ONNX Runtime; the native one must be loaded first, as wasm.ts says. */
const runtimes = [onnxEngine("test", { threads: 1 }), sessionEngine(wasm)];
const tensorflow = tensorflowEngine({ tf, version: "test" });

const cases = ops.flatMap((op) =>
  op.samples.map((sample, i) => ({ name: `${op.name} #${i} ${JSON.stringify(sample.shapes)}`, op, sample })),
);

function build(index: number) {
  const { op, sample } = cases[index];
  const graph = new Graph();
  const rng = new Rng(7, op.name);
  const inputs = sample.shapes.map((shape, i) => graph.input(`x${i}`, shape));
  const out = graph.make(op, inputs, sample.attrs ?? {});
  const values = sample.shapes.map((shape) => {
    const drawn = uniform(rng, shape, sample.range);
    return sample.integers ? drawn.map(Math.round) : drawn;
  });
  const weight = graph.input("w", out.shape);
  const weights = uniform(rng, out.shape);
  return { graph, rng, inputs, out, values, weight, weights, objective: dot(weight, out) };
}

test("op names are unique", () => {
  expect(new Set(ops.map((op) => op.name)).size).toBe(ops.length);
});

/** Ops that are lowered in another way for GPUs, as the native build computes them. */
const portable = sessionEngine({ ...native, name: "portable", portable: true });
const loweredAnew = ["windowMax", "logOnePlusSumExp"];

test("the ops named so are those that are lowered in another way for GPUs", () => {
  const differ = cases.filter((_, index) => {
    const { inputs, out } = build(index);
    const [own, other] = [false, true].map((flag) => emitOnnx(inputs, [out], flag).bytes);
    return Buffer.compare(own, other) !== 0;
  });
  expect([...new Set(differ.map(({ op }) => op.name))].sort()).toEqual([...loweredAnew].sort());
});

/** Kernels are the same sweep on the ops that have one: the derivatives of those need no other. */
const rows = [...runtimes, portable, kernelEngine].flatMap((engine) =>
  cases.flatMap(({ name, op }, index) =>
    (engine === kernelEngine && !op.kernel) || (engine === portable && !loweredAnew.includes(op.name))
      ? []
      : [{ name: `${engine.name}: ${name}`, index, engine }],
  ),
);

test("only convolutions have no kernel", () => {
  expect(ops.filter((op) => !op.kernel).map(({ name }) => name)).toEqual(["conv", "convInput", "convFilter"]);
});

describe.each(rows)("$name", ({ index, engine }) => {
  test("the engine and tfjs give the same values, in the declared shape", async () => {
    const { inputs, out, values } = build(index);
    const [a] = await (await engine.compile(inputs, [out])).run(values);
    const [b] = await (await tensorflow.compile(inputs, [out])).run(values);
    expectClose(a, b, F32, "values");
  });

  test("the gradient equals tfjs's own autodiff of the forward pass", async () => {
    const { inputs, values, weight, weights, objective } = build(index);
    const mine = await (
      await engine.compile([...inputs, weight], grad(objective, inputs))
    ).run([...values, weights]);
    const tensors = values.map((v, i) => tf.tensor(v, [...inputs[i].shape]));
    const w = tf.tensor(weights, [...weight.shape]);
    const theirs = tf.grads((...x: tf.Tensor[]) =>
      tf.reshape<tf.Rank.R0>(evaluate(tf, [...inputs, weight], [objective], [...x, w])[0], []),
    )(tensors);
    mine.forEach((g, i) => expectClose(g, theirs[i].dataSync(), F32, `input ${i}`));
  });

  test("the Hessian product equals central differences of the gradient", async () => {
    const { graph, rng, inputs, values, weight, weights, objective } = build(index);
    // Squaring the objective gives even linear ops a Hessian to be checked.
    const scalar = dot(objective, objective);
    const v = inputs.map((node, i) => graph.input(`v${i}`, node.shape));
    const direction = v.map((node) => uniform(rng, node.shape));
    const product = await (
      await engine.compile([...inputs, weight, ...v], hvp(scalar, inputs, v))
    ).run([...values, weights, ...direction]);
    const gradient = await engine.compile([...inputs, weight], grad(scalar, inputs));
    const eps = 3e-3;
    const at = (sign: number) =>
      gradient.run([
        ...values.map((x, i) => x.map((value, j) => value + sign * eps * direction[i][j])),
        weights,
      ]);
    const [plus, minus] = [await at(1), await at(-1)];
    const all = (parts: Float32Array[]): number[] => parts.flatMap((p) => Array.from(p));
    const differences = all(plus).map((p, i) => (p - all(minus)[i]) / (2 * eps));
    // A kink crossed by the difference, or values so large that float32 hides them, say nothing about the rule.
    const size = Math.hypot(...differences);
    if (size > 1e-3)
      expectClose(all(product), differences, cases[index].sample.range?.[1] === 100 ? 0.5 : DIFFERENCE, "Hv");
    else expect(Math.hypot(...all(product))).toBeLessThan(1e-2);
  });

  test("jvp and vjp are transposes: ⟨u, J v⟩ = ⟨Jᵀu, v⟩", async () => {
    const { graph, rng, inputs, out, values, weight, weights, objective } = build(index);
    const v = inputs.map((node, i) => graph.input(`v${i}`, node.shape));
    const direction = v.map((node) => uniform(rng, node.shape));
    const [jv] = jvp([out], inputs, v);
    const left: Node = dot(weight, jv);
    const right = grad(objective, inputs)
      .map((g, i) => dot(g, v[i]))
      .reduce((a, b) => add(a, b));
    const [a, b] = await (
      await engine.compile([...inputs, weight, ...v], [left, right])
    ).run([...values, weights, ...direction]);
    expect(Math.abs(a[0] - b[0])).toBeLessThan(1e-4 * (1 + Math.abs(a[0])));
  });
});
