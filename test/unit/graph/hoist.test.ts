// What is hoisted gives the same products, and leaves less to do for each vector.
import { describe, expect, test } from "vitest";
import { buildNetwork } from "../../../src/curvature/buildNetwork";
import { hvp } from "../../../src/graph/differentiate";
import { reachable, sizeOf, type Node } from "../../../src/graph/node";
import { hoisted } from "../../../src/graph/ops";
import { stage } from "../../../src/graph/stage";
import { Rng } from "../../../src/util/rng";
import { evaluate64 } from "../../support/float64";
import { expectClose, uniform } from "../../support/numeric";
import { losses } from "../../../src/losses";
import { buildModel } from "../../../src/models";
import { dataFor, modelSamples, type ModelSample } from "../models/samples";

/** Rounding of float64 sums taken in another order. */
const F64 = 1e-11;
const [n, two] = [3, 2];

function productOf(sample: ModelSample) {
  const { D, K, loss: name } = dataFor(sample, n, two);
  const model = buildModel(sample.spec, sample.inputShape, K);
  const network = buildNetwork({ model, loss: losses[name], inputs: D, outputs: K }, n);
  const { graph, loss, parameters } = network;
  const v = parameters.map((node, i) => graph.input(`v${i}`, node.shape));
  return { network, v, outputs: hvp(loss, parameters, v) };
}

/** Nodes that are computed for each vector. */
function perVector(outputs: readonly Node[], v: readonly Node[]): Node[] {
  const { frontier } = stage(outputs, v);
  const moving = new Set<Node>(v);
  return reachable(outputs, new Set(frontier)).filter((node) => {
    const moves = node.inputs.some((input) => moving.has(input));
    if (moves) moving.add(node);
    return moves;
  });
}

describe.each(modelSamples.map((sample) => ({ name: sample.name, sample })))("$name", ({ sample }) => {
  test.each([{ windows: false }, { windows: true }])("the same product, windows: $windows", ({ windows }) => {
    const { network, v, outputs } = productOf(sample);
    const better = hoisted(outputs, v, windows);
    const { x, y } = dataFor(sample, n, two);
    const rng = new Rng(3, sample.name);
    const given = new Map([
      [network.x, Float64Array.from(x)],
      [network.y, Float64Array.from(y)],
      ...[...network.parameters, ...v].map(
        (node) => [node, Float64Array.from(uniform(rng, node.shape))] as const,
      ),
    ]);
    const [before, after] = [evaluate64(outputs, given), evaluate64(better, given)];
    before.forEach((values, i) => expectClose(after[i], values, F64, `parameter ${i}`));
  });

  test("no more numbers are computed for each vector", () => {
    const { v, outputs } = productOf(sample);
    const count = (nodes: readonly Node[]): number =>
      perVector(nodes, v).reduce((total, { shape }) => total + sizeOf(shape), 0);
    expect(count(hoisted(outputs, v, false))).toBeLessThanOrEqual(count(outputs));
  });
});

test("of tanh's second derivative one fixed factor is left", () => {
  const { v, outputs } = productOf(modelSamples.find(({ name }) => name === "cnn")!);
  const sizes = (nodes: readonly Node[], op: string): number =>
    perVector(nodes, v).filter(({ op: { name } }) => name === op).length;
  const better = hoisted(outputs, v, false);
  expect(sizes(better, "mul")).toBeLessThan(sizes(outputs, "mul"));
  expect(sizes(better, "neg")).toBeLessThan(sizes(outputs, "neg"));
});

test("gradients of filters read the windows of fixed images, which are staged; those of images that move stay", () => {
  const { v, outputs } = productOf(modelSamples.find(({ name }) => name === "cnn")!);
  const gradients = (nodes: readonly Node[]): Node[] =>
    perVector(nodes, v).filter(({ op }) => op.name === "convFilter");
  const moving = new Set(perVector(outputs, v));
  const fixed = gradients(outputs).filter(({ inputs: [x] }) => !moving.has(x));
  expect(fixed.length).toBeGreaterThan(0);
  const left = gradients(hoisted(outputs, v, true));
  expect(left.length).toBe(gradients(outputs).length - fixed.length);
});

test("filters that move pass over the same windows, and over a fixed image as before where none are kept", () => {
  const { v, outputs } = productOf(modelSamples.find(({ name }) => name === "cnn")!);
  const moving = new Set(perVector(outputs, v));
  const overFixed = (nodes: readonly Node[]): number =>
    perVector(nodes, v).filter(({ op, inputs: [x] }) => op.name === "conv" && !moving.has(x)).length;
  // The two filters that move pass over the images and over the first layer's, which are fixed both.
  expect(overFixed(hoisted(outputs, v, false))).toBe(overFixed(outputs));
  expect(overFixed(hoisted(outputs, v, true))).toBeLessThan(overFixed(outputs));
});
