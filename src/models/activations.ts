// Activations by the names experiments use.
import type { Node } from "../graph/node";
import { gelu, relu, sigmoid, softplus, tanh } from "../graph/ops";

export const activations = {
  tanh,
  relu,
  gelu,
  sigmoid,
  softplus,
  linear: (x: Node): Node => x,
} as const satisfies Record<string, (x: Node) => Node>;
