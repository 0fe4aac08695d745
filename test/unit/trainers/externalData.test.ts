// A model's weights beside it, as files of a clone may be: what is no plain file inside the model's folder is refused by name.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onnx } from "onnx-proto";
import { afterAll, expect, test } from "vitest";
import { kernelEngine } from "../../../src/engines/kernels/engine";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { Problem } from "../../../src/trainers/basin/problem";
import { onnxBytes } from "../models/onnxBytes";

const folder = mkdtempSync(join(tmpdir(), "basin-external-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const weights = new Uint8Array(Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8]).buffer);
let count = 0;

/** Loads a model whose weights stand in `location`; `put` puts them there. */
async function load(location: string, put: (models: string) => void): Promise<Problem> {
  const models = join(folder, String(count++), "models");
  mkdirSync(models, { recursive: true });
  const model = onnx.ModelProto.decode(
    onnxBytes({ x: [4], nodes: [["MatMul", ["x", "w"], ["y"]]], initializers: { w: { shape: [4, 2] } } }),
  );
  const [tensor] = model.graph!.initializer!;
  tensor.rawData = new Uint8Array();
  tensor.dataLocation = onnx.TensorProto.DataLocation.EXTERNAL;
  tensor.externalData = [{ key: "location", value: location }];
  writeFileSync(join(models, "net.onnx"), onnx.ModelProto.encode(model).finish());
  put(models);
  const file = join(models, "..", "test.basin.json");
  const text = JSON.stringify({
    name: "external",
    data: { source: "teacher", inputs: 4, outputs: 2, examples: 6 },
    model: { onnx: "models/net.onnx" },
    loss: "mse",
    optimizer: { kind: "sgd", learningRate: 0.1, batchSize: "full" },
    stop: { steps: 1 },
  });
  const { points, problems } = checkExperiment(text, file, {});
  if (points.length !== 1) throw new Error(JSON.stringify(problems));
  return Problem.load(points[0].experiment, file, kernelEngine);
}

test("a plain file beside the model is read", async () => {
  const { d } = await load("net.data", (models) => writeFileSync(join(models, "net.data"), weights));
  expect(d).toBe(8);
});

test("a link that leads out of the model's folder is refused, with the file it stands for", async () => {
  const loaded = load("net.data", (models) => {
    writeFileSync(join(models, "..", "secret"), weights);
    symlinkSync(join("..", "secret"), join(models, "net.data"));
  });
  await expect(loaded).rejects.toThrow(/models\/net\.data: leads out of .*models/);
});

test("so is a file in a linked folder", async () => {
  const loaded = load("sub/net.data", (models) => {
    mkdirSync(join(models, "..", "else"));
    writeFileSync(join(models, "..", "else", "net.data"), weights);
    symlinkSync(join("..", "else"), join(models, "sub"));
  });
  await expect(loaded).rejects.toThrow(/models\/sub\/net\.data: leads out of .*models/);
});

test.skipIf(process.platform === "win32")("a FIFO is not waited for", async () => {
  const loaded = load("net.data", (models) => spawnSync("mkfifo", [join(models, "net.data")]));
  await expect(loaded).rejects.toThrow(/models\/net\.data: is no plain file/);
});

test.each(["../net.data", "/etc/passwd", "sub/../../net.data"])("%s is not looked for", async (location) => {
  const loaded = load(location, (models) => writeFileSync(join(models, "..", "net.data"), weights));
  await expect(loaded).rejects.toThrow(`stored in "${location}", which is not inside the model's folder`);
});
