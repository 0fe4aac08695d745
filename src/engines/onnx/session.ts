// ONNX Runtime as an engine, either build: float32, and with the native one no copies in or out.
import type { InferenceSession, Tensor } from "onnxruntime-node";
import type { Node } from "../../graph/node";
import type { Compiled, Engine } from "../engine";
import { emitOnnx, type OnnxModel } from "./emit";
import { ownThreads, type OnnxRuntime } from "./runtime";

export interface OnnxOptions {
  /** Threads inside one operator; 0 lets the runtime choose one per physical core. The WebAssembly build has one. */
  readonly threads?: number;
  /** Entries `session.…` of ONNX Runtime's own configuration, beside those of its threads. */
  readonly session?: Readonly<Record<string, string>>;
}

/** An engine on a loaded runtime. A session holds the compiled model and its scratch memory until it is disposed. */
export function sessionEngine(runtime: OnnxRuntime, { threads = 0, session: own }: OnnxOptions = {}): Engine {
  const options: InferenceSession.SessionOptions = {
    executionProviders: runtime.providers,
    graphOptimizationLevel: "all",
    executionMode: "sequential",
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
    extra: { session: { ...ownThreads.session, ...own } },
  };
  return {
    name: runtime.name,
    version: runtime.version,
    async compile(inputs, outputs, seldom = false) {
      const model = emitOnnx(inputs, outputs, runtime.portable ?? false);
      const session = await runtime.api.InferenceSession.create(model.bytes, {
        ...options,
        // One place for each value, planned ahead, takes a third more memory than places taken as they are needed, and no less time.
        enableMemPattern: false,
        // What is given back after each call costs a tenth of the time.
        enableCpuMemArena: !seldom,
      });
      return new OnnxFunction(runtime, session, { inputs, outputs }, model);
    },
  };
}

class OnnxFunction implements Compiled {
  // The same arrays come back call after call (θ, the data, the gradient): their tensors are made once.
  private readonly tensors = new WeakMap<Float32Array, Tensor>();
  /** Inputs that nothing reads are dropped by the runtime's own graph clean-up only at the price of a warning: feed all. */
  constructor(
    private readonly runtime: OnnxRuntime,
    private readonly session: InferenceSession,
    private readonly graph: { readonly inputs: readonly Node[]; readonly outputs: readonly Node[] },
    private readonly names: Pick<OnnxModel, "inputs" | "outputs">,
  ) {}

  private tensor(data: Float32Array, node: Node): Tensor {
    const old = this.tensors.get(data);
    if (old && old.dims.length === node.shape.length && old.dims.every((d, i) => d === node.shape[i]))
      return old;
    const made = new this.runtime.api.Tensor("float32", data, [...node.shape]);
    this.tensors.set(data, made);
    return made;
  }

  async run(
    feeds: readonly Float32Array[],
    into: readonly (Float32Array | undefined)[] = [],
  ): Promise<Float32Array[]> {
    const given: Record<string, Tensor> = {};
    this.names.inputs.forEach((name, i) => (given[name] = this.tensor(feeds[i], this.graph.inputs[i])));
    const fetches: Record<string, Tensor | null> = {};
    this.names.outputs.forEach((name, i) => {
      const target = this.runtime.writesInto ? into[i] : undefined;
      fetches[name] = target ? this.tensor(target, this.graph.outputs[i]) : null;
    });
    const results = await this.session.run(given, fetches);
    return this.names.outputs.map((name, i) => {
      const target = into[i];
      const values = results[name].data as Float32Array;
      if (!target) return values;
      if (!this.runtime.writesInto) target.set(values);
      return target;
    });
  }

  dispose(): Promise<void> {
    return this.session.release();
  }
}
