// Each activation in the graph against its definition in float64: value, slope and curvature, also at its kinks.
import { describe, expect, test } from "vitest";
import { evaluate } from "../../../src/engines/tensorflow/engine";
import { grad } from "../../../src/graph/differentiate";
import { Graph, type Node } from "../../../src/graph/node";
import { sum } from "../../../src/graph/ops";
import { activations } from "../../../src/models";
import type { Scope } from "../../../src/models/scope";
import { tf } from "../../support/numeric";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const [alpha, lambda] = [1.6732632423543772, 1.0507009873554805];

/** Value and derivative, the latter at a kink as PyTorch's backward takes it. */
const definitions: Readonly<Record<string, readonly [(x: number) => number, (x: number) => number]>> = {
  tanh: [Math.tanh, (x) => 1 - Math.tanh(x) ** 2],
  relu: [(x) => Math.max(0, x), (x) => (x > 0 ? 1 : 0)],
  sigmoid: [sigmoid, (x) => sigmoid(x) * sigmoid(-x)],
  softplus: [(x) => Math.log1p(Math.exp(x)), sigmoid],
  elu: [(x) => (x > 0 ? x : Math.expm1(x)), (x) => (x > 0 ? 1 : Math.exp(x))],
  selu: [
    (x) => lambda * (x > 0 ? x : alpha * Math.expm1(x)),
    (x) => lambda * (x > 0 ? 1 : alpha * Math.exp(x)),
  ],
  silu: [(x) => x * sigmoid(x), (x) => sigmoid(x) * (1 + x * sigmoid(-x))],
  leakyRelu: [(x) => (x > 0 ? x : 0.01 * x), (x) => (x > 0 ? 1 : 0.01)],
  hardtanh: [(x) => Math.max(-1, Math.min(1, x)), (x) => (x > -1 && x < 1 ? 1 : 0)],
  hardswish: [
    (x) => (x * Math.max(0, Math.min(6, x + 3))) / 6,
    (x) => (x <= -3 ? 0 : x < 3 ? x / 3 + 0.5 : 1),
  ],
  linear: [(x) => x, () => 1],
};
const points = [-40, -3.5, -3, -2, -1, -0.5, -1e-3, 0, 1e-3, 0.5, 1, 2, 3, 3.5, 40];
const smooth = ["tanh", "sigmoid", "softplus", "silu", "linear", "gelu"];
const kinks: Readonly<Record<string, readonly number[]>> = { hardtanh: [-1, 1], hardswish: [-3, 3] };
/** A few roundings of numbers up to 40. */
const F32 = 4e-6;

const graph = new Graph();
const x = graph.input("x", [points.length]);
const at = (output: Node, values: readonly number[] = points): number[] => [
  ...evaluate(tf, [x], [output], [tf.tensor1d([...values], "float32")])[0].dataSync(),
];
const apply = (name: keyof typeof activations) => activations[name].build(x, null, {} as Scope);

test("every activation but gelu, whose erf the ops' own tests cover, is defined here", () => {
  expect([...Object.keys(definitions), "gelu"].sort()).toEqual(Object.keys(activations).sort());
});

describe.each(Object.keys(definitions) as (keyof typeof activations)[])("%s", (name) => {
  const [value, slope] = definitions[name];
  const f = apply(name);
  const first = grad(sum(f, [0]), [x])[0];

  test("has the values and, at kinks as well, PyTorch's derivatives", () => {
    at(f).forEach((found, i) =>
      expect(Math.abs(found - value(points[i])), `at ${points[i]}`).toBeLessThan(F32),
    );
    at(first).forEach((found, i) =>
      expect(Math.abs(found - slope(points[i])), `slope at ${points[i]}`).toBeLessThan(F32),
    );
  });

  test("has the second derivative of each branch, and none across a kink", () => {
    const second = at(grad(sum(first, [0]), [x])[0]);
    points.forEach((point, i) => {
      if ((kinks[name] ?? (smooth.includes(name) ? [] : [0])).includes(point)) return;
      const h = 1e-5;
      const expected = (slope(point + h) - slope(point - h)) / (2 * h);
      expect(Math.abs(second[i] - expected), `curvature at ${point}`).toBeLessThan(1e-5);
    });
    expect(second.every(Number.isFinite)).toBe(true);
  });
});
