// ONNX Runtime's WebAssembly build: the same models on every platform, several times slower than the native one.
//
// Load it after the native build where a process wants both: the two share one table of backends, in which the build that
// came first keeps the name "cpu".
import { env, InferenceSession, Tensor } from "onnxruntime-web";
import type { OnnxRuntime } from "./runtime";

// One thread: results do not depend on the machine's cores, and no worker keeps a finished run's process alive.
env.wasm.numThreads = 1;
env.logLevel = "error";

export const wasm: OnnxRuntime = {
  name: "wasm",
  version: env.versions.web ?? env.versions.common,
  api: { InferenceSession, Tensor },
  providers: ["wasm"],
  writesInto: false,
};
