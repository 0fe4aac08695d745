// ONNX Runtime as an engine: native kernels, float32, no copies in or out.
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Node } from "../../graph/node";
import type { Compiled, Engine } from "../engine";
import { emitOnnx } from "./emit";

export interface OnnxOptions {
  /** Threads inside one operator; 0 lets the runtime choose one per physical core. */
  readonly threads?: number;
}

/** Loads the native runtime. @throws when this platform has no binary (Intel Macs) or it cannot be loaded. */
export function onnxEngine(version: string, { threads = 0 }: OnnxOptions = {}): Engine {
  const options: InferenceSession.SessionOptions = {
    executionProviders: ["cpu"],
    graphOptimizationLevel: "all",
    executionMode: "sequential",
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
  };
  return {
    name: "onnx",
    version,
    async compile(inputs, outputs) {
      const model = emitOnnx(inputs, outputs);
      const session = await InferenceSession.create(model.bytes, options);
      return new OnnxFunction(session, inputs, outputs, model.inputs, model.outputs);
    },
  };
}

class OnnxFunction implements Compiled {
  // The same arrays come back call after call (θ, the data, the gradient): their tensors are made once.
  private readonly tensors = new WeakMap<Float32Array, Tensor>();
  /** Inputs that nothing reads are dropped by the runtime's own graph clean-up only at the price of a warning: feed all. */
  constructor(
    private readonly session: InferenceSession,
    private readonly inputs: readonly Node[],
    private readonly outputs: readonly Node[],
    private readonly inputNames: readonly string[],
    private readonly outputNames: readonly string[],
  ) {}

  private tensor(data: Float32Array, node: Node): Tensor {
    const old = this.tensors.get(data);
    if (old && old.dims.length === node.shape.length && old.dims.every((d, i) => d === node.shape[i]))
      return old;
    const made = new Tensor("float32", data, [...node.shape]);
    this.tensors.set(data, made);
    return made;
  }

  async run(
    feeds: readonly Float32Array[],
    into: readonly (Float32Array | undefined)[] = [],
  ): Promise<Float32Array[]> {
    const given: Record<string, Tensor> = {};
    this.inputNames.forEach((name, i) => (given[name] = this.tensor(feeds[i], this.inputs[i])));
    const fetches: Record<string, Tensor | null> = {};
    this.outputNames.forEach((name, i) => {
      const target = into[i];
      fetches[name] = target ? this.tensor(target, this.outputs[i]) : null;
    });
    const results = await this.session.run(given, fetches);
    return this.outputNames.map((name, i) => into[i] ?? (results[name].data as Float32Array));
  }

  dispose(): Promise<void> {
    return this.session.release();
  }
}
