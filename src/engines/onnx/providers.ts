// GPUs, as ONNX Runtime's native build reaches them: what each is called, where it is offered, what it is opened with.
import type { InferenceSession } from "onnxruntime-node";
import type { Engine } from "../engine";
import type { OnnxOptions } from "./session";

type Provider = InferenceSession.ExecutionProviderConfig;

export const gpuNames = ["webgpu", "cuda", "coreml", "directml"] as const;
export type GpuName = (typeof gpuNames)[number];

interface Gpu {
  /** What reaches the GPU, in words. */
  readonly through: string;
  /** Full float32 where the provider has an option for it. */
  readonly provider: Exclude<Provider, string>;
  readonly missing: string;
}

/**
 * CoreML as an ML program, whose numbers stay float32 (the older format's are float16), on GPU and processor, not on the Neural Engine,
 * which has float16 alone: COREML_FLAG_CREATE_MLPROGRAM | COREML_FLAG_USE_CPU_AND_GPU.
 */
const coreMlFlags = 0x010 | 0x020;

/** In the other layout a convolution in groups is wrong where a group's filters are no multiple of four but all of them are (1.30). */
const preferredLayout = "NCHW";

export const gpus: Readonly<Record<GpuName, Gpu>> = {
  webgpu: {
    through: "WebGPU",
    provider: { name: "webgpu", preferredLayout },
    missing: "It needs a GPU with a driver for Vulkan (Linux), Direct3D 12 (Windows) or Metal (macOS).",
  },
  cuda: {
    through: "CUDA",
    provider: { name: "cuda" },
    missing:
      "It needs Linux on x64, an NVIDIA GPU, CUDA 12 and cuDNN 9, and ONNX Runtime's libraries for them, which Basin leaves out; " +
      "from a clone: `npm install onnxruntime-node --onnxruntime-node-install=cuda12`.",
  },
  coreml: {
    through: "CoreML",
    provider: { name: "coreml", coreMlFlags },
    missing: "It needs macOS on Apple silicon.",
  },
  directml: {
    through: "DirectML",
    provider: { name: "dml" },
    missing: "It needs Windows with a GPU that has a driver for Direct3D 12.",
  },
};

/** What it says of a graph that `alone` refuses. */
const leavesToProcessor = /fallback to CPU EP has been explicitly disabled/;
/** What ONNX Runtime prints before the reason: file, line and condition in its own source. */
const preamble = /^.*?\bwas false\. /s;

/**
 * ONNX Runtime on a GPU, the processor behind it for what the GPU lacks. Nothing is opened before the first graph is compiled.
 *
 * @param alone  Whether to refuse graphs of which the GPU leaves a part to the processor.
 * @throws Error where this build has no such provider: it would leave it out and compute on the processor without a word.
 */
export async function gpuEngine(
  name: GpuName,
  { alone = false, ...options }: OnnxOptions & { readonly alone?: boolean } = {},
): Promise<Engine> {
  const { provider, through } = gpus[name];
  const { native, backends } = await import("./native").catch(() => {
    throw new Error(`there is no native ONNX Runtime here, which alone reaches ${through}`);
  });
  if (!backends().includes(provider.name))
    throw new Error(`ONNX Runtime for ${process.platform}-${process.arch} comes without ${through}`);
  // The binding has no option for it: CUDA's libraries read this when they load. TF32 multiplies with 11 bits.
  if (name === "cuda") process.env.NVIDIA_TF32_OVERRIDE = "0";
  const { sessionEngine } = await import("./session");
  const engine = sessionEngine(
    { ...native, name, providers: alone ? [provider] : [provider, "cpu"], writesInto: false, portable: true },
    { ...options, ...(alone && { session: { disable_cpu_ep_fallback: "1" } }) },
  );
  const compile: Engine["compile"] = (...given) =>
    engine.compile(...given).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      if (leavesToProcessor.test(message)) throw new Error(`${through} leaves operators to the processor`);
      throw new Error(message.replace(preamble, "").trim());
    });
  return { ...engine, compile };
}
