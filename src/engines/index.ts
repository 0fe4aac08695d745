// The engine registry: opens an engine by name and says what is there. Runtimes load on first use, in the run process only.
import { Graph } from "../graph/node";
import { dot, matmul } from "../graph/ops";
import type { Gemm } from "../util/gemm";
import { jsGemm } from "../util/linalg/jsGemm";
import type { Engine } from "./engine";
import { withKernels } from "./kernels/engine";
import { defaultThreads } from "./threads";
import { nativeMissing, tensorflowMissing, wasmMissing } from "./missing";
import { gpuEngine, gpuNames, gpus, type GpuName } from "./onnx/providers";
import { prove, type Proof } from "./proof";

export interface EngineOptions {
  /** Threads inside one operation of the native engines; see `defaultThreads`. WebAssembly has one. */
  readonly threads?: number;
  /** Folder whose node_modules holds native TensorFlow; the working folder by default. */
  readonly tensorflow?: string;
  /** How a GPU is put to the proof before it is used. In this process by default, which a driver that crashes takes with it. */
  readonly prove?: (name: GpuName, threads: number) => Promise<Proof>;
}

interface EngineEntry {
  readonly name: string;
  /** What it is, in words. */
  readonly label: string;
  readonly open: (options: Required<EngineOptions>) => Promise<Engine>;
  /** What to do when it does not open. */
  readonly missing: () => string;
}

/** A GPU's numbers are compared with the processor's each time it is opened: drivers change. */
const gpuEntry = <Name extends GpuName>(name: Name) => {
  const { through, missing } = gpus[name];
  return {
    name,
    label: `ONNX Runtime on the GPU through ${through}`,
    auto: false,
    open: async ({ threads, prove: tried }: Required<EngineOptions>) => {
      const engine = await gpuEngine(name, { threads });
      const { checks, error, what } = await tried(name, threads);
      const met = `the largest difference in ${checks} checks is ${error.toExponential(1)}, at ${what}`;
      return {
        ...engine,
        notes: [`Computed on the GPU through ${through}, whose numbers meet the processor's: ${met}.`],
      };
    },
    missing: () => `${missing} "auto" computes on the processor.`,
  };
};

/** "auto" is the first of the engines marked so that opens here. */
const entries = [
  {
    name: "onnx",
    label: "ONNX Runtime, native",
    auto: true,
    open: async ({ threads }) => {
      const { onnxEngine } = await import("./onnx/engine");
      return onnxEngine(undefined, { threads });
    },
    missing: nativeMissing,
  },
  {
    name: "wasm",
    label: "ONNX Runtime in WebAssembly, one thread",
    auto: true,
    open: async () => {
      const { sessionEngine } = await import("./onnx/session");
      const { wasm } = await import("./onnx/wasm");
      return proven(sessionEngine(wasm));
    },
    missing: wasmMissing,
  },
  {
    name: "tensorflow",
    label: "TensorFlow through tfjs-node",
    auto: false,
    open: async ({ tensorflow, threads }) => {
      const { tensorflowEngine } = await import("./tensorflow/engine");
      const { loadNative } = await import("./tensorflow/native");
      return tensorflowEngine(await loadNative(tensorflow, threads));
    },
    missing: tensorflowMissing,
  },
  ...gpuNames.map(gpuEntry),
] as const satisfies readonly (EngineEntry & { auto: boolean })[];

export type EngineName = (typeof entries)[number]["name"];

export interface EngineReport {
  readonly name: EngineName;
  readonly label: string;
  readonly available: boolean;
  readonly version: string;
  /** Whether `"engine": "auto"` takes this one here. */
  readonly auto: boolean;
  /** Why it is not available, and how to get it. */
  readonly reason: string;
  readonly hint: string;
}

/** An engine that cannot be used here: what was asked for and why not, and what to do. Not a bug. */
export class EngineMissing extends Error {
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

const isGpu = (name: EngineName): name is GpuName => (gpuNames as readonly string[]).includes(name);

const because = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0].trim().replace(/\.$/, "");

/** Runs a product of two numbers: the WebAssembly build reads its files only when the first model is compiled. */
async function proven(engine: Engine): Promise<Engine> {
  const x = new Graph().input("x", [2]);
  const square = await engine.compile([x], [dot(x, x)]);
  const [[value]] = await square.run([Float32Array.of(3, 4)]);
  await square.dispose();
  if (value !== 25) throw new Error(`it computed 3² + 4² = ${value}`);
  return engine;
}

/**
 * Compares a GPU's numbers with the processor's, in this process: a driver that crashes or hangs does so here.
 *
 * @param begin  Told what is computed next.
 * @throws Error with what is wrong with it.
 */
export async function proveGpu(
  name: GpuName,
  threads: number,
  begin?: (what: string) => void,
): Promise<Proof> {
  const { onnxEngine } = await import("./onnx/engine");
  begin?.("opening");
  // A GPU that leaves even this to the processor would be none.
  const x = new Graph().input("x", [8, 8]);
  const alone = await gpuEngine(name, { threads, alone: true });
  await (await alone.compile([x], [matmul(x, x)])).dispose();
  return prove(await gpuEngine(name, { threads }), onnxEngine(undefined, { threads }), begin);
}

/** What "auto" may take, best first: what BASIN_ENGINE names, where that is set, for tests and for comparing. */
function automatic(): readonly EngineName[] {
  const forced = process.env.BASIN_ENGINE;
  if (!forced || forced === "auto") return entries.filter(({ auto }) => auto).map(({ name }) => name);
  const entry = entries.find(({ name }) => name === forced);
  if (entry) return [entry.name];
  const names = entries.map(({ name }) => name).join(", ");
  throw new EngineMissing(
    `the environment variable BASIN_ENGINE is "${forced}"; expected auto, ${names}`,
    "Unset it or correct it.",
  );
}

/**
 * Opens an engine; "auto" is native ONNX Runtime, or its WebAssembly build where no native one loads, with Basin's own kernels for
 * small graphs. An engine asked for by name computes everything itself.
 *
 * @throws EngineMissing with the reason and what to do.
 */
export async function openEngine(
  name: "auto" | EngineName,
  { threads = defaultThreads(), tensorflow = process.cwd(), prove: tried = proveGpu }: EngineOptions = {},
): Promise<Engine> {
  const failed: string[] = [];
  let hint = "";
  for (const wanted of name === "auto" ? automatic() : [name]) {
    const { open, missing } = entries.find((entry) => entry.name === wanted)!;
    try {
      const engine = await open({ threads, tensorflow, prove: tried });
      return name === "auto" ? withKernels(engine) : engine;
    } catch (error) {
      failed.push(`the engine "${wanted}" does not load here: ${because(error)}`);
      hint ||= missing();
    }
  }
  throw new EngineMissing(failed.join("; "), `${hint} \`basin doctor\` says which engines work here.`);
}

/**
 * The engine that "auto" has opened, for another thread: the runtime loads with the first graph that the kernels leave to it.
 *
 * @param name  What that engine is called.
 */
export function runtimeLater(name: string, options: EngineOptions): Engine {
  let opened: Promise<Engine> | null = null;
  const compile: Engine["compile"] = async (...given) =>
    (await (opened ??= openEngine(name as EngineName, options))).compile(...given);
  return withKernels({ name, version: "", compile });
}

/**
 * The fastest float64 matrix product that goes with an engine. A run that avoids the native build does not load it for this;
 * plain loops are the last resort.
 *
 * @param threads  As `EngineOptions.threads`.
 */
export async function openGemm(engine: Pick<Engine, "name">, threads = defaultThreads()): Promise<Gemm> {
  const { gemm64 } = await import("./onnx/gemm64");
  const builds = [
    ...(engine.name === "wasm" ? [] : [async () => (await import("./onnx/native")).native]),
    async () => (await import("./onnx/wasm")).wasm,
  ];
  for (const build of builds) {
    try {
      const gemm = gemm64(await build(), threads);
      await gemm(Float64Array.of(2), Float64Array.of(3), { m: 1, n: 1, k: 1 });
      return gemm;
    } catch {
      // The next one may load.
    }
  }
  return jsGemm;
}

/** Opens every engine and computes something with it; what a GPU computes, `prove` alone does. */
export async function inspectEngines({
  threads = defaultThreads(),
  tensorflow = process.cwd(),
  prove: tried = proveGpu,
}: EngineOptions = {}): Promise<EngineReport[]> {
  const reports: EngineReport[] = [];
  const order = automatic();
  let taken = false;
  for (const { name, label, open, missing } of entries) {
    let found = { available: false, version: "", reason: "", hint: "" };
    try {
      const engine = await open({ threads, tensorflow, prove: tried });
      const { version } = isGpu(name) ? engine : await proven(engine);
      found = { ...found, available: true, version };
    } catch (error) {
      found = { ...found, reason: because(error), hint: missing() };
    }
    const auto: boolean = found.available && !taken && order.includes(name);
    taken ||= auto;
    reports.push({ name, label, ...found, auto });
  }
  return reports;
}
