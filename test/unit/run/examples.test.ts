// Every experiment of examples/: ONNX Runtime, both builds, and TensorFlow agree on its loss, gradient and a Hessian product.
import { expect, test } from "vitest";
import type { Engine } from "../../../src/engines/engine";
import { kernelEngine } from "../../../src/engines/kernels/engine";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { sessionEngine } from "../../../src/engines/onnx/session";
import { wasm } from "../../../src/engines/onnx/wasm";
import { tensorflowEngine } from "../../../src/engines/tensorflow/engine";
import { agree, exampleFiles } from "../../support/exampleNetworks";
import { tf } from "../../support/numeric";

const engines: readonly Engine[] = [
  tensorflowEngine({ tf, version: "test" }),
  onnxEngine(undefined, { threads: 1 }),
  sessionEngine(wasm),
  kernelEngine,
];

test("there are examples", () => {
  expect(exampleFiles.length).toBeGreaterThan(5);
});

test.for(exampleFiles)("%s: the engines agree", async (name, context) => {
  if ((await agree(name, engines)) === "no data")
    context.skip("its data set is neither in the cache nor in ../shared/data");
});
