// What a model is: a builder of graph nodes over named parameters, in PyTorch's names and layouts.
import type { Node } from "../graph/node";
import type { Init } from "./initialize";

/** One parameter tensor, named and laid out as the same layers in PyTorch's nn.Sequential have it. */
export interface ParameterInfo {
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: Init;
}

/**
 * Where parameters meet their data. Per-example gradients of the parameters are linear in the cotangent δ at `output`; that is
 * what makes Gram matrices of gradients, per-example Hessians and the noise matrix cheap.
 */
export interface Tap {
  /** The node the parameters make from the layer's input, [n, …]. */
  readonly output: Node;
  /** Gradients of every example by itself, [n, p], from δ at `output`; parameters in their order, each flattened. */
  readonly perExample: (delta: Node) => Node;
  /**
   * Set for z = a Wᵀ (+ b) with one row per example, a [n, in]: then per-example gradients are δaᵀ, and their inner products
   * (a·a′ [+ 1])(δ·δ′), without ever being written down.
   */
  readonly dense?: { readonly input: Node; readonly bias: boolean };
}

export interface BuiltModel {
  /** One node per parameter, in the order of `parameters`. */
  readonly parameterNodes: readonly Node[];
  /** Outputs f, [n, K]. */
  readonly output: Node;
  /** In the order of the parameters they hold, together holding each exactly once. */
  readonly taps: readonly Tap[];
  /** Placeholders for dropout: factors 0 or 1/(1 − rate), drawn anew at every step. Empty while probing. */
  readonly masks: readonly Mask[];
  /** Statistics of batch normalization, one per buffer of the model; empty in `running` mode. */
  readonly statistics: readonly Node[];
  /** Placeholders of the buffers; empty but in `running` mode. */
  readonly bufferNodes: readonly Node[];
  /** The weight and input of a first layer that is linear in x, for bounds on ∇ₓf; null for any other first layer. */
  readonly first: FirstLayer | null;
}

export interface Mask {
  readonly node: Node;
  readonly rate: number;
}

export interface FirstLayer {
  /** Index into the parameters of W₁, [out, D]. */
  readonly weight: number;
  /** z = W₁x + b₁, [n, out]. */
  readonly output: Node;
}

/**
 * `train`: dropout on, batch normalization by the batch's own statistics. `probe`: dropout off, the same statistics: the
 * deterministic loss that full-batch training follows. `running`: dropout off, running statistics, so that every example has a
 * loss of its own: test scores and everything per example. Without such layers the three are one.
 */
export type Mode = "train" | "probe" | "running";

/** State that is no parameter: running mean or variance of a batch normalization, in PyTorch's name. */
export interface BufferInfo {
  readonly name: string;
  readonly shape: readonly number[];
  readonly start: number;
}

export interface Model {
  /** All that is trained, in this order. */
  readonly parameters: readonly ParameterInfo[];
  readonly buffers: readonly BufferInfo[];
  /** What a user should know about how the network was read, a sentence or two each; empty for one that Basin builds itself. */
  readonly notices: readonly string[];
  /** Builds the outputs for a batch `x` [n, D]. The same parameters may be built for several batch sizes. */
  build(x: Node, mode?: Mode): BuiltModel;
}
