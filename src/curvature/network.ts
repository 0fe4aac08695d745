// A network with its loss as graph nodes: what curvature and training are derived from.
import { Graph, type Node } from "../graph/node";

/** Structural twins of models/ and losses/, so that curvature/ depends on the graph alone. */
export interface NetworkParts {
  readonly model: {
    readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[];
    build(x: Node): {
      readonly parameterNodes: readonly Node[];
      readonly output: Node;
      readonly taps: readonly { readonly input: Node; readonly output: Node; readonly bias: boolean }[];
    };
  };
  readonly loss: { perExample(f: Node, y: Node): Node; factor(f: Node, y: Node, u: Node): Node };
  readonly inputs: number;
  readonly outputs: number;
}

export interface Network {
  readonly graph: Graph;
  readonly n: number;
  readonly K: number;
  /** Placeholders: examples [n, D] and targets [n, K]. */
  readonly x: Node;
  readonly y: Node;
  readonly parameters: readonly Node[];
  readonly output: Node;
  readonly perExample: Node;
  /** L = mean of perExample, shape []. */
  readonly loss: Node;
  readonly taps: readonly { readonly input: Node; readonly output: Node; readonly bias: boolean }[];
  /** S u, see losses/loss.ts. */
  readonly factor: (u: Node) => Node;
}
