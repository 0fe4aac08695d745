// ONNX Runtime's native build. Importing this file loads its binary and throws where the platform has none (Intel Macs).
import { env, InferenceSession, Tensor } from "onnxruntime-node";
import type { OnnxRuntime } from "./runtime";

export const native: OnnxRuntime = {
  name: "onnx",
  version: env.versions.node ?? env.versions.common,
  api: { InferenceSession, Tensor },
  executionProvider: "cpu",
  writesInto: true,
};
