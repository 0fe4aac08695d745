// A network with its loss as graph nodes: what curvature and training are derived from.
import { Graph, type Node } from "../graph/node";

/** Structural twins of models/ and losses/, so that curvature/ depends on the graph alone. */
interface NetworkTap {
  readonly output: Node;
  readonly perExample: (delta: Node) => Node;
  readonly dense?: { readonly input: Node; readonly bias: boolean };
}

/** See models/model.ts. */
export type Mode = "train" | "probe" | "running";

export interface NetworkParts {
  readonly model: {
    readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[];
    readonly buffers: readonly { readonly shape: readonly number[] }[];
    build(
      x: Node,
      mode?: Mode,
    ): {
      readonly parameterNodes: readonly Node[];
      readonly output: Node;
      readonly taps: readonly NetworkTap[];
      readonly masks: readonly { readonly node: Node; readonly rate: number }[];
      readonly statistics: readonly Node[];
      readonly bufferNodes: readonly Node[];
      readonly first: { readonly weight: number; readonly output: Node } | null;
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
  /** Placeholders of running statistics; empty but in `running` mode. */
  readonly buffers: readonly Node[];
  readonly output: Node;
  readonly perExample: Node;
  /** L = mean of perExample, shape []. */
  readonly loss: Node;
  readonly taps: readonly NetworkTap[];
  readonly masks: readonly { readonly node: Node; readonly rate: number }[];
  readonly statistics: readonly Node[];
  /** The first layer z = W₁x + b₁, through which alone the outputs depend on x; null elsewhere. */
  readonly first: { readonly weight: number; readonly output: Node } | null;
  /** S u, see losses/loss.ts. */
  readonly factor: (u: Node) => Node;
}
