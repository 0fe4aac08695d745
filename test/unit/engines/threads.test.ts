// `threads`: what a process has of them, by the system's own count, and what is taken where nobody says.
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { gemm64 } from "../../../src/engines/onnx/gemm64";
import { native } from "../../../src/engines/onnx/native";
import { defaultThreads } from "../../../src/engines/threads";
import { Graph } from "../../../src/graph/node";
import { dot } from "../../../src/graph/ops";
import { tensorflowFolder } from "../../../src/protocol/cacheFolder";
import { checkExperiment } from "../../../src/protocol/checkExperiment";

const counted = process.platform === "linux";
const count = (): number => readdirSync("/proc/self/task").length;

test.each([
  { cores: 1, threads: 1 },
  { cores: 2, threads: 2 },
  { cores: 3, threads: 2 },
  { cores: 16, threads: 15 },
])("of $cores cores $threads work", ({ cores, threads }) => expect(defaultThreads(cores)).toBe(threads));

test.runIf(counted)(
  "a graph of native ONNX Runtime has as many threads as asked for, the caller one of them",
  async () => {
    const more = async (threads: number): Promise<number> => {
      const before = count();
      const x = new Graph().input("x", [4]);
      const made = await onnxEngine(undefined, { threads }).compile([x], [dot(x, x)]);
      await made.run([new Float32Array(4)]);
      const after = count();
      await made.dispose();
      return after - before;
    };
    await more(1); // What the first session of a process makes besides.
    expect(await more(1)).toBe(0);
    expect(await more(4)).toBe(3);
  },
);

test.runIf(counted)("so have its float64 products", async () => {
  const more = async (threads: number): Promise<number> => {
    const before = count();
    await gemm64(native, threads)(new Float64Array(900), new Float64Array(900), { m: 30, n: 30, k: 30 });
    return count() - before;
  };
  await more(1);
  expect(await more(3)).toBe(2);
});

const tensorflow = (() => {
  try {
    return createRequire(`${tensorflowFolder()}/package.json`).resolve("@tensorflow/tfjs-node");
  } catch {
    return null;
  }
})();

// A process of its own for each: TensorFlow asks once.
test.runIf(counted && tensorflow)(
  "native TensorFlow takes as many as TF_NUM_INTRAOP_THREADS says, which is what `threads` sets",
  async () => {
    const script = `
    const util = require("node:util");
    util.isNullOrUndefined ??= (x) => x == null;
    util.isArray ??= Array.isArray;
    const tf = require(${JSON.stringify(tensorflow)});
    const a = tf.randomNormal([400, 400]);
    tf.matMul(a, a).dataSync();
    console.log(require("node:fs").readdirSync("/proc/self/task").length);`;
    const threadsOf = async (asked: string): Promise<number> => {
      const env = {
        ...process.env,
        TF_NUM_INTRAOP_THREADS: asked,
        TF_NUM_INTEROP_THREADS: "1",
        TF_CPP_MIN_LOG_LEVEL: "3",
      };
      const { stdout } = await promisify(execFile)(process.execPath, ["-e", script], { env });
      return Number(stdout.trim().split("\n").pop());
    };
    expect((await threadsOf("6")) - (await threadsOf("1"))).toBeGreaterThanOrEqual(4);
  },
);

test("WebAssembly is told that its one thread is all there is", () => {
  const said = (engine: string) =>
    checkExperiment(
      JSON.stringify({
        data: { source: "chebyshev" },
        model: { hidden: [2] },
        optimizer: { learningRate: 0.1 },
        engine,
        threads: 2,
      }),
      "a.basin.json",
    )
      .problems.map(({ message }) => message)
      .join();
  expect(said("wasm")).toContain("one thread");
  expect([said("onnx"), said("tensorflow"), said("auto")]).toEqual(["", "", ""]);
});
