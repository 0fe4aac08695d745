// The graph itself: hash-consing, simplification, staging, printing.
import { expect, test } from "vitest";
import { buildNetwork } from "../../../src/curvature/buildNetwork";
import { grad, hvp } from "../../../src/graph/differentiate";
import { constantOf, Graph, hasOp, reachable } from "../../../src/graph/node";
import { add, matmul, mul, neg, reshape, sum, tanh } from "../../../src/graph/ops";
import { matmulOp } from "../../../src/graph/ops/matmul";
import { print } from "../../../src/graph/print";
import { stage } from "../../../src/graph/stage";
import { losses } from "../../../src/losses";
import { buildModel } from "../../../src/models";

test("equal subexpressions are one node, also when the operands of a sum are swapped", () => {
  const g = new Graph();
  const [a, b] = [g.input("a", [2]), g.input("b", [2])];
  expect(tanh(add(a, b))).toBe(tanh(add(b, a)));
  expect(mul(a, b)).toBe(mul(b, a));
  expect(g.input("a", [2])).toBe(a);
});

test("algebra that costs nothing is done while building", () => {
  const g = new Graph();
  const a = g.input("a", [2, 3]);
  expect(add(a, 0)).toBe(a);
  expect(mul(a, 1)).toBe(a);
  expect(neg(neg(a))).toBe(a);
  expect(constantOf(mul(a, 0))).toBe(0);
  expect(constantOf(matmul(g.constant(0, [4, 2]), a))).toBe(0);
  expect(reshape(reshape(a, [6]), [2, 3])).toBe(a);
  expect(mul(mul(a, 3), 0.5)).toBe(mul(a, 1.5));
  expect(constantOf(sum(g.constant(2, [3, 4])))).toBe(24);
});

test("a shape mistake names the op and both shapes", () => {
  const g = new Graph();
  expect(() => matmul(g.input("a", [2, 3]), g.input("b", [2, 3]))).toThrow(/matmul.*\[2,3\].*\[2,3\]/);
  expect(() => add(g.input("c", [2]), g.input("d", [3]))).toThrow(/add: axis 0 of \[2\].*\[3\]/);
});

const [n, D] = [50, 40];
const network = (hidden: readonly number[]) =>
  buildNetwork(
    {
      model: buildModel({ kind: "mlp", hidden, activation: "tanh", bias: true }, [D], 3),
      loss: losses.mse,
      inputs: D,
      outputs: 3,
    },
    n,
  );

test("a staged Hessian product of an MLP costs two large matrix products, as many as one gradient", () => {
  const net = network([8, 7]);
  const v = net.parameters.map((node, i) => net.graph.input(`v${i}`, node.shape));
  const product = hvp(net.loss, net.parameters, v);
  const { frontier, inputs } = stage(product, v);
  // A large product has the data as an operand.
  const large = (nodes: ReturnType<typeof reachable>): number =>
    nodes.filter((node) => node.op.name === "matmul" && node.inputs.includes(net.x)).length;
  const perVector = reachable(product, new Set([...frontier, ...inputs])).filter(
    (node) => !frontier.includes(node),
  );
  expect(large(perVector)).toBe(2);
  expect(large(reachable(grad(net.loss, net.parameters)))).toBe(2);
  // Nothing that depends on v is in the frontier, and nothing above the frontier is left to the second part but what does.
  for (const node of frontier) expect(reachable([node]).some((below) => v.includes(below))).toBe(false);
});

test("what is a staged array rescaled by a few factors is computed and not staged", () => {
  const graph = new Graph();
  const [x, v] = [graph.input("x", [32, 2]), graph.input("v", [32, 2])];
  const a = tanh(x);
  const column = sum(a, [0]);
  const rescaled = mul(a, column);
  const outputs = [add(mul(a, v), mul(tanh(rescaled), v)), mul(rescaled, v)];
  expect(new Set(stage(outputs, [v]).frontier)).toEqual(new Set([a, column, tanh(rescaled)]));
  // Where the array itself is not staged, its product is; and a product with as many factors.
  expect(stage([mul(rescaled, v)], [v]).frontier).toEqual([rescaled]);
  const masked = mul(a, tanh(a));
  expect(stage([mul(a, v), mul(masked, v)], [v]).frontier).toEqual([a, masked]);
});

test("the printed Hessian product of a one-layer net is the one on record", async () => {
  const net = network([]);
  const v = net.parameters.map((node, i) => net.graph.input(`v${i}`, node.shape));
  await expect(print(hvp(net.loss, net.parameters, v))).toMatchFileSnapshot("golden/linear-hvp.txt");
});

test("attributes of an op are typed: a wrong, a missing or an unwanted one does not compile", () => {
  const graph = new Graph();
  const a = graph.input("a", [2, 3]);
  // @ts-expect-error: the transposes must be said.
  const missing = () => graph.make(matmulOp, [a, a]);
  // @ts-expect-error: they are booleans.
  const wrong = () => graph.make(matmulOp, [a, a], { ta: 1, tb: false });
  // @ts-expect-error: another node's attributes are unknown until its op is asked for.
  const unknown = () => a.attrs.ta as unknown;
  expect([missing, wrong, unknown]).toHaveLength(3);
  const product = graph.make(matmulOp, [a, a], { ta: false, tb: true });
  expect(hasOp(product, matmulOp) && product.attrs.tb).toBe(true);
  expect(hasOp(a, matmulOp)).toBe(false);
});
