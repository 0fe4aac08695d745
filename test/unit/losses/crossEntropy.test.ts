// Cross-entropy near interpolation, in float32 on every engine, against closed forms in float64: digit by digit, entry by entry.
import { describe, expect, test } from "vitest";
import { kernelEngine } from "../../../src/engines/kernels/engine";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { sessionEngine } from "../../../src/engines/onnx/session";
import { wasm } from "../../../src/engines/onnx/wasm";
import { tensorflowEngine } from "../../../src/engines/tensorflow/engine";
import { grad, hvp, vjp } from "../../../src/graph/differentiate";
import { Graph } from "../../../src/graph/node";
import { sum } from "../../../src/graph/ops";
import { losses } from "../../../src/losses";
import { Rng } from "../../../src/util/rng";
import { tf } from "../../support/numeric";

const [n, K] = [8, 5];
/** Rounding of a margin of 60 goes into its exponential: 60 ε, and a few roundings more. */
const DIGITS = 4e-5;

const engines = [
  onnxEngine("test", { threads: 1 }),
  sessionEngine(wasm),
  kernelEngine,
  tensorflowEngine({ tf, version: "test" }),
];

const rng = new Rng(3, "cross-entropy");
const labels = Array.from({ length: n }, (_, i) => i % K);
/** The label's output above the others by 4 to 60, in the last example below them by 20. */
const f = Float32Array.from({ length: n * K }, (_, at) => {
  const [i, k] = [Math.floor(at / K), at % K];
  return (k === labels[i] ? (i === n - 1 ? -20 : 4 + 8 * i) : 0) + rng.uniform() + i;
});
const y = Float32Array.from({ length: n * K }, (_, at) => (at % K === labels[Math.floor(at / K)] ? 1 : 0));

/** In float64: loss, p − y and the probability that the label lacks, from margins. */
const exact = labels.map((c, i) => {
  const margin = Array.from({ length: K }, (_, k) => f[i * K + k] - f[i * K + c]);
  const weight = margin.map((x, k) => (k === c ? 0 : Math.exp(x)));
  const others = weight.reduce((a, b) => a + b, 0);
  const p = weight.map((x, k) => (k === c ? 1 : x) / (1 + others));
  return { c, p, missing: others / (1 + others), loss: Math.log1p(others) };
});
/** diag(p) − p pᵀ, its diagonal without a difference. */
const curvature = ({ c, p, missing }: (typeof exact)[number], j: number, k: number): number => {
  if (j !== k) return -p[j] * p[k];
  return j === c ? p[c] * missing : p[j] * p.reduce((s, x, i) => (i === j ? s : s + x), 0);
};

/** Float32 has no digits below this. */
const LEAST = 2e-38;

const expectDigits = (actual: ArrayLike<number>, wanted: readonly number[], what: string): void =>
  wanted.forEach((x, i) => {
    // The example that is far from fitted has no small curvature to keep: rounding beside probabilities near 1 is all it can have.
    const size = i < wanted.length * (1 - 1 / n) ? Math.abs(x) : 1;
    expect(Math.abs(actual[i] - x), `${what} ${i}: ${actual[i]} for ${x}`).toBeLessThan(
      DIGITS * size + LEAST,
    );
  });

function setUp() {
  const graph = new Graph();
  const [fNode, yNode, u] = ["f", "y", "u"].map((name) => graph.input(name, [n, K]));
  const each = losses["cross-entropy"].perExample(fNode, yNode);
  return { fNode, yNode, u, each, total: sum(each) };
}

const all = <T>(value: (e: (typeof exact)[number], k: number) => T): T[] =>
  exact.flatMap((e) => Array.from({ length: K }, (_, k) => value(e, k)));

describe.each(engines.map((engine, i) => ({ name: `${engine.name} ${i}`, engine })))(
  "$name",
  ({ engine }) => {
    test("loss and gradient have all their digits where p is 1 to rounding", async () => {
      const { fNode, yNode, each, total } = setUp();
      const compiled = await engine.compile([fNode, yNode], [each, ...grad(total, [fNode])]);
      const [value, gradient] = await compiled.run([f, y]);
      expectDigits(
        value,
        exact.map(({ loss }) => loss),
        "loss",
      );
      expectDigits(
        gradient,
        all(({ c, p, missing }, k) => (k === c ? -missing : p[k])),
        "gradient",
      );
    });

    test("the Hessian, column by column, and its factor S Sᵀ have them too", async () => {
      const { fNode, yNode, u, total } = setUp();
      const v = fNode.graph.input("v", [n, K]);
      const factor = losses["cross-entropy"].factor(fNode, yNode, u);
      const [transposed] = vjp([factor], [v], [u]);
      const product = await engine.compile([fNode, yNode, v], hvp(total, [fNode], [v]));
      const back = await engine.compile([fNode, yNode, v, u], [transposed]);
      const forth = await engine.compile([fNode, yNode, u], [factor]);
      for (let j = 0; j < K; j++) {
        const column = Float32Array.from({ length: n * K }, (_, at) => (at % K === j ? 1 : 0));
        const wanted = all((e, k) => curvature(e, k, j));
        const [Hv] = await product.run([f, y, column]);
        expectDigits(Hv, wanted, `column ${j} of the Hessian`);
        const [St] = await back.run([f, y, column, column]);
        const [SSt] = await forth.run([f, y, St]);
        expectDigits(SSt, wanted, `column ${j} of S Sᵀ`);
      }
    });
  },
);
