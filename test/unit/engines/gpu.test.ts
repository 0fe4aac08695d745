// GPUs that open here: every op against float64, every layer and every example against the processor. For WebGPU a driver in software will do:
// Chromium's, with its libvulkan.so.1 in LD_LIBRARY_PATH and its vk_swiftshader_icd.json in VK_ICD_FILENAMES.
import { describe, expect, test, vi } from "vitest";
import { buildNetwork } from "../../../src/curvature/buildNetwork";
import { Curvature } from "../../../src/curvature/curvature";
import { openEngine } from "../../../src/engines";
import type { Engine } from "../../../src/engines/engine";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { gpuNames } from "../../../src/engines/onnx/providers";
import { ops } from "../../../src/graph/ops";
import { losses } from "../../../src/losses";
import { buildModel } from "../../../src/models";
import { agree, exampleFiles } from "../../support/exampleNetworks";
import { expectClose } from "../../support/numeric";
import { inFloat64 } from "../../support/opInFloat64";
import { dataFor, modelSamples, type ModelSample } from "../models/samples";

// A GPU in software, and beside other work, is slow.
vi.setConfig({ testTimeout: 180_000 });

const processor = onnxEngine(undefined, { threads: 1 });
const opened = await Promise.all(gpuNames.map((name) => openEngine(name).catch(() => null)));
const here = opened.filter((engine) => engine !== null);
if (here.length === 0) console.log("No GPU opens here (`basin doctor` says why): their tests are skipped.");

/** float32 rounding through a network's depth. */
const F32 = 1e-4;

async function computed(
  { spec, inputShape }: ModelSample,
  engine: Engine,
  given: ReturnType<typeof dataFor>,
) {
  const { x, y, D, loss } = given;
  const model = buildModel(spec, inputShape, K);
  const network = buildNetwork({ model, loss: losses[loss], inputs: D, outputs: K }, n);
  const compiled = new Curvature(engine, network, { x, y });
  const theta = Float32Array.from({ length: compiled.size }, (_, i) => 0.3 * Math.sin(3 * i + 1));
  const curvature = compiled.at(theta);
  const { outputs, gradient } = await curvature.evaluate();
  const product = new Float32Array(theta.length);
  await curvature.hessian().apply(
    theta.map((_, i) => Math.sin(i)),
    product,
  );
  return { outputs, gradient, product };
}

const [n, K] = [6, 2];

/** twoMinima is no list of layers; it is one of the examples. */
const layered = modelSamples.filter(({ spec }) => spec.kind !== "twoMinima");

describe.skipIf(here.length === 0)("on a GPU", () => {
  const engines = here.map((engine) => ({ on: engine.name, engine }));
  test.each(engines.flatMap((one) => ops.map((op) => ({ ...one, name: op.name, op }))))(
    "$on, $name: values, gradients and second derivatives are those of float64",
    ({ op, engine }) => inFloat64(op, engine),
  );

  test.each(engines.flatMap((one) => layered.map((sample) => ({ ...one, name: sample.name, sample }))))(
    "$on, $name: outputs, gradient and Hessian product are the processor's",
    async ({ sample, engine }) => {
      const given = dataFor(sample, n, K);
      const [wanted, found] = [
        await computed(sample, processor, given),
        await computed(sample, engine, given),
      ];
      expectClose(found.outputs, wanted.outputs, F32, "outputs");
      expectClose(found.gradient, wanted.gradient, F32, "gradient");
      expectClose(found.product, wanted.product, F32, "Hessian product");
    },
  );

  test.for(engines.flatMap(({ engine }) => exampleFiles.map((file) => ({ engine, file }))))(
    "$engine.name, $file: agrees with the processor",
    async ({ engine, file }, context) => {
      const how = await agree(file, [processor, engine]);
      if (how === "no data") context.skip("its data set is neither in the cache nor in ../shared/data");
      expect(how).toBe("agree");
    },
  );
});
