// Activations by the names experiments use: each a layer of its own, and a word of the models that have one between their layers.
import type { Node } from "../graph/node";
import { add, exp, gelu, mul, neg, relu, sigmoid, softplus, step, sub, tanh } from "../graph/ops";
import { defineLayer, type Layer } from "./layers/layer";

const activation = (about: string, f: (x: Node) => Node): Layer<null> =>
  defineLayer({ about, bare: true }, (x) => f(x));

const minus = (c: number, x: Node): Node => add(neg(x), c);

/** 1 where x ≤ `bound`, else 0; its derivative is zero. So branches are chosen, and each has its own derivative. */
const upTo = (bound: number, x: Node): Node => minus(1, step(sub(x, bound)));

/** eˣ − 1 for x ≤ 0 and 0 above, by an exponent that never exceeds 0. Rounds at 6·10⁻⁸, where torch's expm1 is exact. */
const below = (x: Node): Node => sub(exp(mul(x, upTo(0, x))), 1);

/** Derivative 1 at the kink, from either side. @source Clevert, Unterthiner & Hochreiter, ICLR 2016. */
const elu = (x: Node): Node => add(mul(x, step(x)), below(x));

/** λ(x, or α(eˣ − 1) below 0): keeps mean 0 and variance 1. @source Klambauer et al., NeurIPS 2017, with torch.nn.SELU's constants. */
function selu(x: Node): Node {
  const [alpha, lambda] = [1.6732632423543772, 1.0507009873554805];
  return mul(add(mul(x, step(x)), mul(below(x), alpha)), lambda);
}

/** Derivative 0.01 at 0, torch.nn.LeakyReLU's default slope. @source Maas, Hannun & Ng 2013. */
const leakyRelu = (x: Node): Node => mul(x, add(mul(step(x), 0.99), 0.01));

/** Derivative 0 at ±1, as torch.nn.Hardtanh takes it. */
function hardtanh(x: Node): Node {
  const [above, within] = [step(minus(1, x)), mul(step(minus(1, x)), step(add(x, 1)))];
  return add(mul(x, within), sub(minus(1, above), minus(1, step(add(x, 1)))));
}

/** x·min(max(x + 3, 0), 6)/6. @source Howard et al., ICCV 2019. */
function hardswish(x: Node): Node {
  const [inside, high] = [mul(step(add(x, 3)), step(minus(3, x))), minus(1, step(minus(3, x)))];
  return add(mul(mul(mul(x, add(x, 3)), 1 / 6), inside), mul(x, high));
}

export const activations = {
  tanh: activation("tanh(x)", tanh),
  relu: activation("max(0, x)", relu),
  gelu: activation("x·Φ(x), exact (erf)", gelu),
  sigmoid: activation("1 / (1 + e⁻ˣ)", sigmoid),
  softplus: activation("ln(1 + eˣ)", softplus),
  elu: activation("x, below 0 eˣ − 1", elu),
  selu: activation("1.0507·x, below 0 1.7581·(eˣ − 1)", selu),
  silu: activation("x / (1 + e⁻ˣ), also called swish", (x) => mul(x, sigmoid(x))),
  leakyRelu: activation("x, below 0 0.01·x", leakyRelu),
  hardtanh: activation("x, cut at −1 and 1", hardtanh),
  hardswish: activation("x·min(max(x + 3, 0), 6) / 6", hardswish),
  linear: activation("x: a deep linear network", (x) => x),
} as const;
