// Hessian, Gauss–Newton, noise and Gram against explicit Jacobians and per-example Hessians by central differences in float64.
import { describe, expect, test } from "vitest";
import { buildNetwork } from "../../../src/curvature/buildNetwork";
import { Curvature } from "../../../src/curvature/curvature";
import { viewsOf } from "../../../src/curvature/flat";
import type { LinearOperator } from "../../../src/curvature/operator";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { losses } from "../../../src/losses";
import { buildModel, initialize } from "../../../src/models";
import type { Activation, LossKind } from "../../../src/protocol/experiment";
import { Rng } from "../../../src/util/rng";
import { evaluate } from "../../../src/engines/tensorflow/engine";
import { expectClose, tf, uniform } from "../../support/numeric";

const engine = onnxEngine("test", { threads: 1 });
/** float32 products of float32 factors. */
const F32 = 2e-4;

/** A reference network in plain float64 loops, written from the definitions alone. */
const act: Readonly<Record<string, (x: number) => number>> = {
  tanh: Math.tanh,
  relu: (x) => Math.max(0, x),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  softplus: (x) => Math.log1p(Math.exp(x)),
  linear: (x) => x,
  // erf by its series: exact to 1e-15 for the small arguments here.
  gelu: (x) => {
    const z = x / Math.SQRT2;
    let term = z;
    let sum = z;
    for (let k = 1; k < 60; k++) {
      term *= (-z * z) / k;
      sum += term / (2 * k + 1);
    }
    return 0.5 * x * (1 + (2 / Math.sqrt(Math.PI)) * sum);
  },
};

function forward(
  theta: Float64Array,
  x: ArrayLike<number>,
  widths: readonly number[],
  f: (x: number) => number,
): number[] {
  let a = Array.from(x);
  let at = 0;
  for (let l = 1; l < widths.length; l++) {
    const [m, n] = [widths[l - 1], widths[l]];
    const z = Array.from({ length: n }, (_, j) => {
      let s = theta[at + m * n + j];
      for (let i = 0; i < m; i++) s += theta[at + j * m + i] * a[i];
      return s;
    });
    at += m * n + n;
    a = l < widths.length - 1 ? z.map(f) : z;
  }
  return a;
}

function lossOf(kind: LossKind, f: readonly number[], y: ArrayLike<number>): number {
  const squares = f.reduce((s, v, k) => s + (v - y[k]) ** 2, 0);
  if (kind === "mse") return squares / f.length;
  if (kind === "squared-error") return squares / 2;
  return Math.log(f.reduce((s, v) => s + Math.exp(v), 0)) - f.reduce((s, v, k) => s + v * y[k], 0);
}

function setup(activation: Activation, loss: LossKind) {
  const rng = new Rng(3, `${activation}${loss}`);
  const [n, D, K, hidden] = [5, 3, 3, [4, 3]];
  const widths = [D, ...hidden, K];
  const model = buildModel({ kind: "mlp", hidden, activation, bias: true }, [D], K);
  const x = uniform(rng, [n, D]);
  const y =
    loss === "cross-entropy"
      ? Float32Array.from({ length: n * K }, (_, i) => (i % K === Math.floor(i / K) % K ? 1 : 0))
      : uniform(rng, [n, K]);
  const parts = { model, loss: losses[loss], inputs: D, outputs: K };
  const compiled = new Curvature(engine, buildNetwork(parts, n), { x, y });
  const theta = new Float32Array(compiled.size);
  const shapes = model.parameters.map((p) => p.shape);
  initialize(model.parameters, rng).forEach((v, i) => viewsOf(theta, shapes)[i].set(v));
  const curvature = compiled.at(theta);
  const exact = Float64Array.from(theta);
  const each = (i: number) => (t: Float64Array) =>
    lossOf(
      loss,
      forward(t, x.subarray(i * D, (i + 1) * D), widths, act[activation]),
      y.subarray(i * K, (i + 1) * K),
    );
  const outputs = (i: number) => (t: Float64Array) =>
    forward(t, x.subarray(i * D, (i + 1) * D), widths, act[activation]);
  return { n, K, d: theta.length, curvature, exact, each, outputs, x, y, theta, model };
}

const moved = (t: Float64Array, i: number, by: number): Float64Array => {
  const copy = t.slice();
  copy[i] += by;
  return copy;
};

/** Dense Hessian of a scalar by central differences in float64, [d, d]. */
function hessianOf(f: (t: Float64Array) => number, t: Float64Array): Float64Array {
  const d = t.length;
  const e = 1e-4;
  const h = new Float64Array(d * d);
  for (let i = 0; i < d; i++)
    for (let j = 0; j <= i; j++) {
      const at = (a: number, b: number): number => f(moved(moved(t, i, a * e), j, b * e));
      h[i * d + j] = h[j * d + i] = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * e * e);
    }
  return h;
}

async function dense(op: LinearOperator): Promise<Float64Array> {
  const d = op.size;
  const h = new Float64Array(d * d);
  const out = new Float32Array(d);
  for (let i = 0; i < d; i++) {
    await op.apply(
      Float32Array.from({ length: d }, (_, j) => (i === j ? 1 : 0)),
      out,
    );
    for (let j = 0; j < d; j++) h[j * d + i] = out[j];
  }
  return h;
}

const kinds: readonly LossKind[] = ["mse", "squared-error", "cross-entropy"];
const activations: readonly Activation[] = ["tanh", "gelu", "sigmoid", "softplus", "relu", "linear"];

describe.each(kinds.flatMap((loss) => activations.map((activation) => ({ loss, activation }))))(
  "$activation net under $loss",
  ({ loss, activation }) => {
    test("the Hessian operator equals the dense Hessian of the definition", async () => {
      const { n, curvature, exact, each } = setup(activation, loss);
      const mine = await dense(curvature.hessian());
      const theirs = hessianOf(
        (t) => Array.from({ length: n }, (_, i) => each(i)(t)).reduce((a, b) => a + b) / n,
        exact,
      );
      expectClose(mine, theirs, 2e-3, "H");
      expectClose(
        mine,
        mine.map((_, i) => mine[(i % curvature.size) * curvature.size + Math.floor(i / curvature.size)]),
        F32,
        "symmetry",
      );
    });

    test("loss and gradient equal tfjs's own autodiff and central differences", async () => {
      const { n, d, K, curvature, exact, each, x, y, theta, model } = setup(activation, loss);
      const mine = await curvature.evaluate();
      const network = buildNetwork({ model, loss: losses[loss], inputs: 3, outputs: K }, n);
      const views = viewsOf(
        theta,
        model.parameters.map((p) => p.shape),
      );
      const tensors = views.map((v, i) => tf.tensor(v, [...model.parameters[i].shape]));
      const data = [tf.tensor(x, [n, 3]), tf.tensor(y, [n, K])];
      const forward = (...t: tf.Tensor[]) =>
        tf.reshape<tf.Rank.R0>(
          evaluate(tf, [network.x, network.y, ...network.parameters], [network.loss], [...data, ...t])[0],
          [],
        );
      expect(Math.abs(mine.loss - forward(...tensors).dataSync()[0])).toBeLessThan(1e-5);
      expectClose(
        mine.gradient,
        tf
          .grads(forward)(tensors)
          .flatMap((g) => Array.from(g.dataSync())),
        F32,
        "tfjs",
      );
      const total = (t: Float64Array): number =>
        Array.from({ length: n }, (_, i) => each(i)(t)).reduce((a, b) => a + b) / n;
      const e = 1e-6;
      const differences = Array.from(
        { length: d },
        (_, p) => (total(moved(exact, p, e)) - total(moved(exact, p, -e))) / (2 * e),
      );
      expectClose(mine.gradient, differences, F32, "differences");
    });

    test("Gauss–Newton, noise matrix and Gram matrix equal those of explicit factors G_i = J_iᵀS_i", async () => {
      const { n, K, d, curvature, exact, outputs } = setup(activation, loss);
      // M_i by central differences of the loss in f, J_i by central differences of f: no shared code.
      const H = new Float64Array(d * d);
      const square = new Float64Array(d * d);
      const jacobians: Float64Array[] = [];
      for (let i = 0; i < n; i++) {
        const e = 1e-5;
        const J = new Float64Array(K * d);
        for (let p = 0; p < d; p++) {
          const [up, down] = [outputs(i)(moved(exact, p, e)), outputs(i)(moved(exact, p, -e))];
          for (let k = 0; k < K; k++) J[k * d + p] = (up[k] - down[k]) / (2 * e);
        }
        jacobians.push(J);
        const f = outputs(i)(exact);
        const top = f.map(Math.exp);
        const p = top.map((v) => v / top.reduce((a, b) => a + b));
        const M = (k: number, m: number): number =>
          loss === "cross-entropy"
            ? (k === m ? p[k] : 0) - p[k] * p[m]
            : k === m
              ? loss === "mse"
                ? 2 / K
                : 1
              : 0;
        const Hi = new Float64Array(d * d);
        for (let a = 0; a < d; a++)
          for (let b = 0; b < d; b++) {
            let s = 0;
            for (let k = 0; k < K; k++)
              for (let m = 0; m < K; m++) s += J[k * d + a] * M(k, m) * J[m * d + b];
            Hi[a * d + b] = s;
            H[a * d + b] += s / n;
          }
        for (let a = 0; a < d; a++)
          for (let b = 0; b < d; b++)
            for (let c = 0; c < d; c++) square[a * d + b] += (Hi[a * d + c] * Hi[c * d + b]) / n;
      }
      expectClose(await dense(curvature.gaussNewton()), H, F32, "Gauss–Newton");
      const sigma = square.slice();
      for (let a = 0; a < d; a++)
        for (let b = 0; b < d; b++)
          for (let c = 0; c < d; c++) sigma[a * d + b] -= H[a * d + c] * H[c * d + b];
      expectClose(await dense(curvature.noiseMatrix()), sigma, 1e-3, "Σ");
      // The Gram matrix has the spectrum of n·H: compare the traces of its first three powers.
      const gram = Float64Array.from(await curvature.gram());
      const power = (m: Float64Array, size: number): number[] => {
        let trace = 0;
        let second = 0;
        for (let i = 0; i < size; i++) {
          trace += m[i * size + i];
          for (let j = 0; j < size; j++) second += m[i * size + j] * m[j * size + i];
        }
        return [trace, second];
      };
      expectClose(
        power(gram, n * K),
        power(
          H.map((v) => v * n),
          d,
        ),
        F32,
        "Gram spectrum",
      );
    });
  },
);

test("at an interpolating net the operators equal the full Hessian and the noise matrix of true per-example Hessians", async () => {
  const { curvature, exact, n, K, d, outputs, x, theta, model } = setup("tanh", "mse");
  const fitted = new Curvature(
    engine,
    buildNetwork({ model, loss: losses.mse, inputs: 3, outputs: K }, n),
    // Targets equal to the outputs: every example is at its own minimum.
    { x, y: (await curvature.evaluate()).outputs.slice() },
  ).at(theta);
  expect((await fitted.evaluate()).loss).toBeLessThan(1e-12);
  const targets = Array.from({ length: n }, (_, i) => outputs(i)(exact));
  const each = targets.map((y, i) => hessianOf((t) => lossOf("mse", outputs(i)(t), y), exact));
  const H = new Float64Array(d * d);
  each.forEach((h) => h.forEach((value, i) => (H[i] += value / n)));
  const sigma = new Float64Array(d * d);
  for (let a = 0; a < d; a++)
    for (let b = 0; b < d; b++)
      for (let c = 0; c < d; c++) {
        for (const h of each) sigma[a * d + b] += (h[a * d + c] * h[c * d + b]) / n;
        sigma[a * d + b] -= H[a * d + c] * H[c * d + b];
      }
  expectClose(await dense(fitted.hessian()), H, 1e-3, "H");
  expectClose(await dense(fitted.gaussNewton()), H, 1e-3, "Gauss–Newton");
  expectClose(await dense(fitted.noiseMatrix()), sigma, 1e-3, "Σ");
});

test("an operator's products are the same bit for bit whatever was compiled before", async () => {
  const product = async (op: LinearOperator): Promise<Float32Array> => {
    const out = new Float32Array(op.size);
    await op.apply(
      out.map((_, i) => Math.sin(i + 1)),
      out,
    );
    return out;
  };
  const inOrder = async (reversed: boolean): Promise<Map<string, Float32Array>> => {
    const { curvature } = setup("tanh", "mse");
    const asked: [string, () => Promise<Float32Array>][] = [
      ["gradient", async () => (await curvature.evaluate()).gradient],
      ["H", () => product(curvature.hessian())],
      ["Gauss–Newton", () => product(curvature.gaussNewton())],
      ["Σ", () => product(curvature.noiseMatrix())],
      ["Gram", () => curvature.gram()],
    ];
    const found = new Map<string, Float32Array>();
    for (const [name, ask] of reversed ? asked.reverse() : asked) found.set(name, await ask());
    return found;
  };
  const other = await inOrder(true);
  for (const [name, values] of await inOrder(false)) expect(other.get(name), name).toEqual(values);
});
