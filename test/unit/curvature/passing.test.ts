// A point that passes on with training is at every θ what a point made for that θ is, bit for bit.
import { expect, test } from "vitest";
import { buildNetwork } from "../../../src/curvature/buildNetwork";
import { Curvature } from "../../../src/curvature/curvature";
import type { CurvaturePoint } from "../../../src/curvature/curvaturePoint";
import { viewsOf } from "../../../src/curvature/flat";
import { kernelEngine } from "../../../src/engines/kernels/engine";
import { losses } from "../../../src/losses";
import { buildModel, initialize } from "../../../src/models";
import type { LayerSpec } from "../../../src/protocol/experiment";
import { Rng } from "../../../src/util/rng";
import { uniform } from "../../support/numeric";

const [n, D, K] = [7, 3, 2];

/** Everything that is computed in several ways from what is staged and kept at a point. */
async function readingsAt(point: CurvaturePoint, v: Float32Array) {
  const [Hv, Gv] = [new Float32Array(v.length), new Float32Array(v.length)];
  await point.hessian().apply(v, Hv);
  await point.gaussNewton().apply(v, Gv);
  const { loss, outputs, gradient } = await point.evaluate();
  const [gram, blocks] = [await point.gram(), await point.kernelBlocks()];
  const { theta, size } = point;
  return {
    Hv,
    Gv,
    loss,
    outputs,
    gradient,
    gram,
    blocks,
    theta: theta.slice(),
    size,
    first: point.firstWeight(),
  };
}

const nets: { readonly name: string; readonly layers: readonly LayerSpec[]; readonly stored: number }[] = [
  { name: "tanh", layers: [{ dense: 4 }, "tanh", "dense"], stored: 0 },
  { name: "tanh, factors kept", layers: [{ dense: 4 }, "tanh", "dense"], stored: 1e6 },
  { name: "batch normalization", layers: [{ dense: 4 }, "batchNorm", "tanh", "dense"], stored: 0 },
];

test.each(nets)("$name", async ({ layers, stored }) => {
  const model = buildModel({ kind: "sequential", layers }, [D], K);
  const parts = { model, loss: losses.mse, inputs: D, outputs: K };
  const data = { x: uniform(new Rng(1, "x"), [n * D]), y: uniform(new Rng(2, "y"), [n * K]) };
  const buffers = model.buffers.map(({ start }) => new Float32Array(4).fill(start));
  const made = new Curvature(kernelEngine, buildNetwork(parts, n, "probe"), data, {
    stored,
    buffers,
    ...(buffers.length > 0 && { perExample: buildNetwork(parts, n, "running") }),
  });
  const theta = new Float32Array(made.size);
  const views = viewsOf(theta, made.shapes);
  initialize(model.parameters, new Rng(3, "init")).forEach((values, i) => views[i].set(values));
  const v = uniform(new Rng(4, "v"), [made.size]);
  const keptThetas: Float32Array[] = [];
  const found: Awaited<ReturnType<typeof readingsAt>>[] = [];
  for (let step = 0; step < 3; step++) {
    const point = made.passing(theta);
    keptThetas.push(point.theta);
    // In between as a probe asks of other points.
    const before = await readingsAt(made.at(theta), v);
    found.push(await readingsAt(point, v));
    expect(found[step]).toEqual(before);
    for (let i = 0; i < theta.length; i++) theta[i] += 0.1 * v[i];
    for (const buffer of buffers) buffer.forEach((x, i) => (buffer[i] = 1.5 * x + 0.1 * i));
  }
  // They are three different points, and the θ of each stays what it was.
  expect(found[1].Hv).not.toEqual(found[0].Hv);
  expect(found[2].gram).not.toEqual(found[1].gram);
  expect(keptThetas).toEqual(found.map((one) => one.theta));
});
