// What a model is: a builder of graph nodes over named parameters, in PyTorch's names and layouts.
import type { Node } from "../graph/node";
import type { Rng } from "../util/rng";

/** One parameter tensor, named and laid out as PyTorch's nn.Sequential of the same layers has it. */
export interface ParameterInfo {
  readonly name: string;
  readonly shape: readonly number[];
  /** Inputs that one output sums over; the scale of initializations. */
  readonly fanIn: number;
}

/**
 * Where a weight meets its data: z = a Wᵀ (+ b), row by row. Per-example gradients of W and b factor as δᵀa and δ, with δ the
 * cotangent at z; that is what makes Gram matrices of gradients cheap.
 */
export interface DenseTap {
  /** Layer input a, [n, in]. */
  readonly input: Node;
  /** Layer output z before the activation, [n, out]. */
  readonly output: Node;
  readonly bias: boolean;
}

export interface BuiltModel {
  /** One node per parameter, in the order of `parameters`. */
  readonly parameterNodes: readonly Node[];
  /** Outputs f, [n, K]. */
  readonly output: Node;
  readonly taps: readonly DenseTap[];
}

export interface Model {
  readonly parameters: readonly ParameterInfo[];
  /** Builds the outputs for a batch `x` [n, D]. The same parameters may be built for several batch sizes. */
  build(x: Node): BuiltModel;
}

/**
 * PyTorch's default for linear layers: weight and bias uniform in ±1/√fanIn.
 * @source torch.nn.Linear.reset_parameters (kaiming_uniform_ with a = √5 is exactly this bound).
 */
export function initialize(parameters: readonly ParameterInfo[], rng: Rng): Float32Array[] {
  return parameters.map(({ shape, fanIn }) => {
    const bound = 1 / Math.sqrt(fanIn);
    return Float32Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      () => (2 * rng.uniform() - 1) * bound,
    );
  });
}
