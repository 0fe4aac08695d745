// Activations by the names experiments use: each a layer of its own, and a word of the models that have one between their layers.
import type { Node } from "../graph/node";
import { gelu, relu, sigmoid, softplus, tanh } from "../graph/ops";
import { defineLayer, type Layer } from "./layers/layer";

const activation = (about: string, f: (x: Node) => Node): Layer<null> =>
  defineLayer({ about, bare: true }, (x) => f(x));

export const activations = {
  tanh: activation("tanh(x)", tanh),
  relu: activation("max(0, x)", relu),
  gelu: activation("x·Φ(x), exact (erf)", gelu),
  sigmoid: activation("1 / (1 + e⁻ˣ)", sigmoid),
  softplus: activation("ln(1 + eˣ)", softplus),
  linear: activation("x: a deep linear network", (x) => x),
} as const;
