// Native TensorFlow, where `basin fetch tensorflow` has built it: every op against float64, every example against ONNX Runtime.
import { describe, expect, test } from "vitest";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { tensorflowEngine } from "../../../src/engines/tensorflow/engine";
import { loadNative } from "../../../src/engines/tensorflow/native";
import { grad, hvp } from "../../../src/graph/differentiate";
import { Graph, type Node } from "../../../src/graph/node";
import { dot, ops } from "../../../src/graph/ops";
import { tensorflowFolder } from "../../../src/protocol/cacheFolder";
import { Rng } from "../../../src/util/rng";
import { agree, exampleFiles } from "../../support/exampleNetworks";
import { evaluate64 } from "../../support/float64";
import { expectClose, uniform } from "../../support/numeric";

const F32 = 2e-5;
const native = await loadNative(tensorflowFolder()).then(tensorflowEngine, () => null);
if (!native) console.log("Native TensorFlow is not here (`basin fetch tensorflow`): its tests are skipped.");

describe.skipIf(!native)("native TensorFlow", () => {
  test.each(ops.map((op) => ({ name: op.name, op })))(
    "$name: values, gradients and second derivatives are those of float64",
    async ({ op }) => {
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
        const found = await (await native!.compile(given, outputs)).run(feeds);
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
    },
  );

  test.for(exampleFiles)("%s: agrees with ONNX Runtime", async (name, context) => {
    const how = await agree(name, [onnxEngine(undefined, { threads: 1 }), native!]);
    if (how === "no data") context.skip("its data set is neither in the cache nor in ../shared/data");
    expect(how).toBe("agree");
  });
});
