// Native TensorFlow, where `basin fetch tensorflow` has built it: every op against float64, every example against ONNX Runtime.
import { describe, expect, test } from "vitest";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { tensorflowEngine } from "../../../src/engines/tensorflow/engine";
import { loadNative } from "../../../src/engines/tensorflow/native";
import { ops } from "../../../src/graph/ops";
import { tensorflowFolder } from "../../../src/protocol/cacheFolder";
import { agree, exampleFiles } from "../../support/exampleNetworks";
import { inFloat64 } from "../../support/opInFloat64";

const native = await loadNative(tensorflowFolder()).then(tensorflowEngine, () => null);
if (!native) console.log("Native TensorFlow is not here (`basin fetch tensorflow`): its tests are skipped.");

describe.skipIf(!native)("native TensorFlow", () => {
  test.each(ops.map((op) => ({ name: op.name, op })))(
    "$name: values, gradients and second derivatives are those of float64",
    ({ op }) => inFloat64(op, native!),
  );

  test.for(exampleFiles)("%s: agrees with ONNX Runtime", async (name, context) => {
    const how = await agree(name, [onnxEngine(undefined, { threads: 1 }), native!]);
    if (how === "no data") context.skip("its data set is neither in the cache nor in ../shared/data");
    expect(how).toBe("agree");
  });
});
