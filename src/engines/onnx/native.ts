// ONNX Runtime's native build. Importing this file loads its binary and throws where the platform has none (Intel Macs).
import { env, InferenceSession, listSupportedBackends, Tensor } from "onnxruntime-node";
import type { OnnxRuntime } from "./runtime";

export const native: OnnxRuntime = {
  name: "onnx",
  version: env.versions.node ?? env.versions.common,
  api: { InferenceSession, Tensor },
  providers: ["cpu"],
  writesInto: true,
};

/** The execution providers that this build knows; whether one finds its libraries and its GPU shows only when it opens. */
export const backends = (): string[] => listSupportedBackends().map(({ name }) => name);
