// What the native and the WebAssembly build of ONNX Runtime have in common: one API, told apart by a few facts.
import type * as ort from "onnxruntime-node";

export interface OnnxRuntime {
  /** The engine's name in an experiment file and in a run's header. */
  readonly name: string;
  readonly version: string;
  readonly api: Pick<typeof ort, "InferenceSession" | "Tensor">;
  /** What computes, best first: the next one takes what those before it lack. */
  readonly providers: readonly ort.InferenceSession.ExecutionProviderConfig[];
  /**
   * Whether an output can be written into an array of the caller's. The WebAssembly build takes such an array but leaves
   * it as it was: its results lie in memory of its own and are copied out, as a GPU's do.
   */
  readonly writesInto: boolean;
  /** Whether models are to keep to what every provider computes; see `OnnxEmitter`. Default false. */
  readonly portable?: boolean;
}

/**
 * Session options for the runtime's own threads. Each session has some of its own, and those of one that wait for its next call by spinning
 * take the cores that another session, or JavaScript, computes on: they stop as soon as a call is done.
 */
export const ownThreads = { session: { force_spinning_stop: "1" } } as const;
