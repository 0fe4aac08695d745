// Chooses an engine by name and says what is there. Runtimes load on first use, in the run process only.
import type { Gemm } from "../util/gemm";
import type { Engine } from "./engine";

export interface EngineReport {
  readonly name: "onnx" | "tensorflow";
  readonly available: boolean;
  readonly version: string;
  /** What is missing and how to get it. */
  readonly hint: string;
}

const because = (error: unknown): string =>
  error instanceof Error ? error.message.split("\n")[0] : String(error);

/** Opens an engine. "auto" is ONNX Runtime. @throws Error with what to do when it cannot be loaded. */
export async function openEngine(name: "auto" | "onnx" | "tensorflow", threads = 0): Promise<Engine> {
  if (name === "tensorflow") {
    const { tensorflowEngine } = await import("./tensorflow/engine");
    const { loadNative } = await import("./tensorflow/native");
    return tensorflowEngine(await loadNative());
  }
  const { onnxEngine } = await import("./onnx/engine");
  const { onnxVersion } = await import("./onnx/version");
  return onnxEngine(onnxVersion(), { threads });
}

/** The fastest float64 matrix product on this machine. */
export async function openGemm(): Promise<Gemm> {
  const { gemm64 } = await import("./onnx/gemm64");
  return gemm64();
}

/** Tries every engine. */
export async function inspectEngines(): Promise<EngineReport[]> {
  const attempt = async (name: "onnx" | "tensorflow", hint: string): Promise<EngineReport> => {
    try {
      const { version } = await openEngine(name);
      return { name, available: true, version, hint: "" };
    } catch (error) {
      return { name, available: false, version: "", hint: `${because(error)}. ${hint}` };
    }
  };
  return [
    await attempt("onnx", "Reinstall with `npm install onnxruntime-node`."),
    await attempt(
      "tensorflow",
      "Optional: `npm install @tensorflow/tfjs-node` where its download works (Node 20 or 22).",
    ),
  ];
}
