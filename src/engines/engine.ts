// What an engine is: something that compiles a piece of a graph once and runs it many times.
import type { Node } from "../graph/node";

export interface Engine {
  readonly name: string;
  readonly version: string;
  /** What a user should know of how it computes here; may grow with each compilation. */
  readonly notes?: readonly string[];
  /** Whether all that was compiled so far is so small that Basin's own kernels run it, in the calling thread. */
  readonly isSmall?: boolean;
  /**
   * Compiles `outputs` as a function of `inputs`. Inputs may be interior nodes: what lies below them is not computed.
   * @param seldom  Whether it is called so rarely that it should keep no memory between calls. Default false.
   * @throws when an output needs a placeholder that is not among `inputs`.
   */
  compile(inputs: readonly Node[], outputs: readonly Node[], seldom?: boolean): Promise<Compiled>;
}

export interface Compiled {
  /**
   * Runs once. `feeds` are float32, row-major, one per input; `into[i]`, where given, receives output i without a copy.
   * The arrays given and returned are views: the engine keeps none of them after the call.
   */
  run(feeds: readonly Float32Array[], into?: readonly (Float32Array | undefined)[]): Promise<Float32Array[]>;
  dispose(): Promise<void>;
}
