// One op on an engine beside float64: values, gradients and second derivatives of every sample.
import type { Engine } from "../../src/engines/engine";
import { grad, hvp } from "../../src/graph/differentiate";
import { Graph, type AnyOp, type Node } from "../../src/graph/node";
import { dot } from "../../src/graph/ops";
import { Rng } from "../../src/util/rng";
import { evaluate64 } from "./float64";
import { expectClose, uniform } from "./numeric";

/** float32 rounding through a handful of operations. */
const F32 = 2e-5;

/** Fails where the engine's numbers are not those of float64. */
export async function inFloat64(op: AnyOp, engine: Engine): Promise<void> {
  for (const [i, sample] of op.samples.entries()) {
    const graph = new Graph();
    const rng = new Rng(i, op.name);
    const inputs = sample.shapes.map((shape, k) => graph.input(`x${k}`, shape));
    const out = graph.make(op, inputs, sample.attrs ?? {});
    const directions = inputs.map(({ shape }, k) => graph.input(`v${k}`, shape));
    const weight = graph.input("w", out.shape);
    const objective = dot(weight, out);
    const outputs: Node[] = [out, ...grad(objective, inputs), ...hvp(objective, inputs, directions)];
    const given = [...inputs, ...directions, weight];
    const feeds = given.map(({ shape }, k) => {
      const drawn = uniform(rng, shape, k < inputs.length ? sample.range : undefined);
      return sample.integers && k < inputs.length ? drawn.map(Math.round) : drawn;
    });
    const found = await (await engine.compile(given, outputs)).run(feeds);
    const wanted = evaluate64(
      outputs,
      new Map(given.map((node, k) => [node, Float64Array.from(feeds[k])] as const)),
    );
    found.forEach((values, k) => {
      // Where saturation leaves next to nothing, float32 cannot tell it from nothing.
      const off = Math.hypot(...values.map((x, j) => x - wanted[k][j]));
      if (off > 1e-7) expectClose(values, wanted[k], F32, `sample ${i}, output ${k}`);
    });
  }
}
