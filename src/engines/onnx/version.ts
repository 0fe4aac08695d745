// The version of the ONNX Runtime that is loaded.
import { env } from "onnxruntime-node";

export const onnxVersion = (): string => env.versions.node ?? env.versions.common ?? "unknown";
