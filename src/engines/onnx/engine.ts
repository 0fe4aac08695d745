// The default engine: ONNX Runtime's native build.
import type { Engine } from "../engine";
import { native } from "./native";
import { sessionEngine, type OnnxOptions } from "./session";

/** The native runtime as an engine. Importing this file throws where the platform has no binary. */
export const onnxEngine = (version = native.version, options: OnnxOptions = {}): Engine =>
  sessionEngine({ ...native, version }, options);
