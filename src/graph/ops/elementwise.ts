// Functions of one variable, element by element, each with its derivative as graph nodes.
import { constantOf, type Node, type Op, type Sample } from "../node";
import { erf as erfOf } from "../../util/erf";
import type { KernelEmitter, OnnxEmitter, Tf, TfTensor } from "../lowering";
import { add, mul, sub } from "./arithmetic";

interface Rule {
  readonly name: string;
  readonly onnx: string | ((emit: OnnxEmitter, x: string) => string);
  readonly tf: (tf: Tf, x: TfTensor) => TfTensor;
  /** The small engine's kernel, or the function of one number. */
  readonly kernel: Parameters<KernelEmitter["unary"]>[0] | ((x: number) => number);
  /** f′ as a node, from input and output. null: zero wherever it exists. */
  readonly derivative: ((x: Node, y: Node) => Node) | null;
  readonly at0: number;
  readonly range?: readonly [number, number];
}

/** x̄ = ȳ f′(x) */
const elementwise = ({ name, onnx, tf, kernel, derivative, at0, range = [-3, 3] }: Rule): Op => ({
  name,
  shape: ([x]) => x,
  simplify: (graph, [x]) =>
    constantOf(x) === 0 && Number.isFinite(at0) ? graph.constant(at0, x.shape) : null,
  vjp: ({ ct, out, inputs: [x] }) => [derivative ? mul(ct, derivative(x, out)) : null],
  onnx: (emit, [x]) => (typeof onnx === "string" ? emit.node(onnx, [x]) : onnx(emit, x)),
  tf: (runtime, [x]) => tf(runtime, x),
  kernel: (emit, [x], node) =>
    typeof kernel === "string"
      ? emit.unary(kernel, x)
      : emit.plain(x, node.shape, (values, out) => {
          for (let i = 0; i < out.length; i++) out[i] = kernel(values[i]);
        }),
  samples: [{ shapes: [[3, 2]], range } satisfies Sample],
});

const one =
  (op: Op) =>
  (x: Node): Node =>
    x.graph.make(op, [x]);

const expOp = elementwise({
  name: "exp",
  onnx: "Exp",
  tf: (tf, x) => tf.exp(x),
  kernel: "exp",
  derivative: (_x, y) => y,
  at0: 1,
});
const logOp = elementwise({
  name: "log",
  onnx: "Log",
  tf: (tf, x) => tf.log(x),
  kernel: Math.log,
  derivative: (x) => reciprocal(x),
  at0: -Infinity,
  range: [0.3, 3],
});
const reciprocalOp = elementwise({
  name: "reciprocal",
  onnx: "Reciprocal",
  tf: (tf, x) => tf.exp(tf.neg(tf.log(x))),
  kernel: "reciprocal",
  derivative: (_x, y) => mul(mul(y, y), -1),
  at0: Infinity,
  range: [0.3, 3],
});
const sqrtOp = elementwise({
  name: "sqrt",
  onnx: "Sqrt",
  tf: (tf, x) => tf.sqrt(x),
  kernel: "sqrt",
  derivative: (_x, y) => mul(reciprocal(y), 0.5),
  at0: NaN,
  range: [0.3, 3],
});
/**
 * e^x/(1 + e^x)², from the exponent that does not overflow: every digit holds where σ and tanh have saturated. Its derivative, −y tanh(x/2),
 * holds them too.
 */
const bellOp = elementwise({
  name: "bell",
  onnx: (emit, x) => {
    const size = emit.node("Abs", [x]);
    const e = emit.node("Exp", [emit.node("Neg", [size])]);
    const half = emit.node("Sigmoid", [size]);
    return emit.node("Mul", [emit.node("Mul", [e, half]), half]);
  },
  tf: (tf, x) => {
    const size = tf.abs(x);
    const e = tf.exp(tf.neg(size));
    const half = tf.sigmoid(size);
    return tf.mul(tf.mul(e, half), half);
  },
  kernel: (x) => {
    const e = Math.exp(-Math.abs(x));
    return e / (1 + e) ** 2;
  },
  derivative: (x, y) => mul(mul(y, tanh(mul(x, 0.5))), -1),
  at0: 0.25,
});

// tanh′ = 1 − tanh², of which saturation leaves multiples of 2⁻²⁴
const tanhOp = elementwise({
  name: "tanh",
  onnx: "Tanh",
  tf: (tf, x) => tf.tanh(x),
  kernel: "tanh",
  derivative: (x, y) => (x.graph.careful ? mul(bell(mul(x, 2)), 4) : sub(y.graph.constant(1), mul(y, y))),
  at0: 0,
});
// σ′ = σ − σ²
const sigmoidOp = elementwise({
  name: "sigmoid",
  onnx: "Sigmoid",
  tf: (tf, x) => tf.sigmoid(x),
  kernel: "sigmoid",
  derivative: (x, y) => (x.graph.careful ? bell(x) : sub(y, mul(y, y))),
  at0: 0.5,
});
const softplusOp = elementwise({
  name: "softplus",
  onnx: "Softplus",
  tf: (tf, x) => tf.softplus(x),
  kernel: (x) => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x))),
  derivative: (x) => sigmoid(x),
  at0: Math.LN2,
});
// erf′(x) = 2/√π exp(−x²)
const erfOp = elementwise({
  name: "erf",
  onnx: "Erf",
  tf: (tf, x) => tf.erf(x),
  kernel: erfOf,
  derivative: (x) => mul(exp(mul(mul(x, x), -1)), 2 / Math.sqrt(Math.PI)),
  at0: 0,
});
/** Heaviside step with step(0) = 0: ReLU's derivative at its kink is 0, as PyTorch takes it. Its own derivative is zero. */
const stepOp = elementwise({
  name: "step",
  // ReLU then sign: 0 for x ≤ 0, 1 for x > 0; NaN stays NaN.
  onnx: (emit, x) => emit.node("Sign", [emit.node("Relu", [x])]),
  tf: (tf, x) => tf.step(x, 0),
  kernel: "step",
  derivative: null,
  at0: 0,
});
const reluOp = elementwise({
  name: "relu",
  onnx: "Relu",
  tf: (tf, x) => tf.relu(x),
  kernel: "relu",
  derivative: (_x, y) => step(y),
  at0: 0,
});

const bell = one(bellOp);
export const exp = one(expOp);
export const log = one(logOp);
export const reciprocal = one(reciprocalOp);
export const sqrt = one(sqrtOp);
export const tanh = one(tanhOp);
export const sigmoid = one(sigmoidOp);
export const softplus = one(softplusOp);
export const erf = one(erfOp);
export const step = one(stepOp);
export const relu = one(reluOp);

/** x Φ(x) with the exact normal distribution function, as torch.nn.GELU's default. */
export const gelu = (x: Node): Node => mul(mul(x, add(erf(mul(x, Math.SQRT1_2)), 1)), 0.5);

export const elementwiseOps = [
  expOp,
  logOp,
  reciprocalOp,
  sqrtOp,
  bellOp,
  tanhOp,
  sigmoidOp,
  softplusOp,
  erfOp,
  stepOp,
  reluOp,
] as const;
