// Batch statistics tie all examples together: Hessian, Gauss–Newton matrix and factors are then those of one dynamics, the batch of all of them.
import { expect, test } from "vitest";
import { buildNetwork } from "../../../src/curvature/buildNetwork";
import { Curvature } from "../../../src/curvature/curvature";
import { viewsOf } from "../../../src/curvature/flat";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { losses } from "../../../src/losses";
import { buildModel, initialize } from "../../../src/models";
import { Rng } from "../../../src/util/rng";
import { uniform } from "../../support/numeric";

const [n, D, K] = [7, 3, 2];

function curvature() {
  const model = buildModel(
    { kind: "sequential", layers: [{ dense: 4 }, "batchNorm", "tanh", "dense"] },
    [D],
    K,
  );
  const parts = { model, loss: losses.mse, inputs: D, outputs: K };
  const data = { x: uniform(new Rng(1, "x"), [n * D]), y: uniform(new Rng(2, "y"), [n * K]) };
  const made = new Curvature(onnxEngine("test", { threads: 1 }), buildNetwork(parts, n, "probe"), data, {
    perExample: buildNetwork(parts, n, "running"),
    buffers: model.buffers.map(({ start }) => new Float32Array(4).fill(start)),
  });
  const theta = new Float32Array(made.size);
  const views = viewsOf(theta, made.shapes);
  initialize(model.parameters, new Rng(3, "init")).forEach((values, i) => views[i].set(values));
  return { made, theta };
}

/** √(2/K) ∂f/∂θ [nK][P] of the batch of all examples by central differences: the factors of the mean square error. */
async function differences({ made, theta }: ReturnType<typeof curvature>): Promise<number[][]> {
  const h = 2 ** -7;
  const outputs = async (i: number, step: number): Promise<Float32Array> =>
    (await made.at(theta.map((x, j) => (j === i ? x + step : x))).evaluate()).outputs;
  const rows = Array.from({ length: n * K }, () => new Array<number>(theta.length).fill(0));
  for (let i = 0; i < theta.length; i++) {
    const [above, below] = [await outputs(i, h), await outputs(i, -h)];
    rows.forEach((row, a) => (row[i] = (Math.sqrt(2 / K) * (above[a] - below[a])) / (2 * h)));
  }
  return rows;
}

test("factors with batch normalization are those of the batch whose Hessian is measured", async () => {
  const parts = curvature();
  const at = parts.made.at(parts.theta);
  expect(at.tied).toBe(true);
  const rows = await differences(parts);
  const inner = (a: number, b: number): number => rows[a].reduce((sum, x, i) => sum + x * rows[b][i], 0);
  const most = Math.max(...rows.map((_, a) => inner(a, a)));
  const close = (found: number, wanted: number) =>
    expect(Math.abs(found - wanted)).toBeLessThanOrEqual(2e-3 * most);
  const [gram, blocks] = [await at.gram(), await at.kernelBlocks()];
  for (let a = 0; a < n * K; a++) for (let b = 0; b < n * K; b++) close(gram[a * n * K + b], inner(a, b));
  for (let i = 0; i < n; i++)
    for (let k = 0; k < K; k++)
      for (let m = 0; m < K; m++) close(blocks[(i * K + k) * K + m], inner(i * K + k, i * K + m));
  // The mean of the factors' squares along a vector is the Gauss–Newton product along it.
  const v = uniform(new Rng(4, "v"), [parts.theta.length]);
  const out = new Float32Array(v.length);
  await at.gaussNewton().apply(v, out);
  const along = rows.map((row) => row.reduce((sum, x, i) => sum + x * v[i], 0));
  const wanted = along.reduce((sum, x) => sum + x * x, 0) / n;
  expect(out.reduce((sum, x, i) => sum + x * v[i], 0)).toBeCloseTo(wanted, 2);
});
