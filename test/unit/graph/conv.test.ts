// Convolutions too large to be computed at once.
import { expect, test } from "vitest";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { grad } from "../../../src/graph/differentiate";
import { Graph, sizeOf } from "../../../src/graph/node";
import { conv, dot } from "../../../src/graph/ops";
import { Rng } from "../../../src/util/rng";
import { expectClose, uniform } from "../../support/numeric";

const engine = onnxEngine("test", { threads: 1 });

/** The gradient of a filter of [o, c, 3, 3], of images of side × side. */
async function filterGradient(
  x: Float32Array,
  y: Float32Array,
  [n, c, o, side]: readonly [number, number, number, number],
) {
  const graph = new Graph();
  const nodes = [
    graph.input("x", [n, c, side, side]),
    graph.input("w", [o, c, 3, 3]),
    graph.input("y", [n, o, side, side]),
  ];
  const [image, w, signal] = nodes;
  const objective = dot(conv(image, w, { stride: 1, padding: 1, groups: 1 }), signal);
  const compiled = await engine.compile(nodes, grad(objective, [w]));
  const [values] = await compiled.run([x, new Float32Array(sizeOf(w.shape)), y]);
  return values;
}

test.each([{ o: 2 }, { o: 16 }])(
  "the gradient of $o filters over images whose windows are written some at a time is the sum of each image's",
  async ({ o }) => {
    const [n, c, side] = [3, 8, 120];
    // Four megabytes of windows an image.
    expect(4 * c * 9 * side * side).toBeGreaterThan(4e6);
    const rng = new Rng(1, "windows");
    const [x, y] = [uniform(rng, [n, c, side, side]), uniform(rng, [n, o, side, side])];
    const sum = new Float64Array(o * c * 9);
    for (let i = 0; i < n; i++) {
      const own = [x, y].map((all) => all.slice((i * all.length) / n, ((i + 1) * all.length) / n));
      (await filterGradient(own[0], own[1], [1, c, o, side])).forEach((value, j) => (sum[j] += value));
    }
    expectClose(await filterGradient(x, y, [n, c, o, side]), sum, 2e-5, "filter");
  },
);
