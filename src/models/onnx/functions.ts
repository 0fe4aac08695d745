// ONNX ops that compute: arithmetic, activations, reductions, normalizations, pooling.
import { sizeOf, type Node } from "../../graph/node";
import * as g from "../../graph/ops";
import { patches } from "../layers/patches";
import { data, type OpContext, type Value } from "./context";
import { windowOf } from "./linear";

type Unary = (x: Node) => Node;
type Binary = (a: Node, b: Node) => Node;

export const unary =
  (f: Unary) =>
  (c: OpContext): Value =>
    data(f(c.node(0)));

/** Arithmetic on data, on data and a parameter, and on constants, which are computed at once. */
export const binary =
  (f: Binary, onNumbers: (a: number, b: number) => number) =>
  (c: OpContext): Value => {
    const [a, b] = [c.value(0), c.value(1)];
    if (a.kind === "host" && b.kind === "host") return hostBinary(c, onNumbers);
    if (a.kind === "data" && b.kind === "parameter") return c.elementwise(0, b, f);
    if (b.kind === "data" && a.kind === "parameter") return c.elementwise(1, a, (x, p) => f(p, x));
    return data(f(c.node(0), c.node(1)));
  };

function hostBinary(c: OpContext, f: (a: number, b: number) => number): Value {
  const [a, b] = [c.host(0)!, c.host(1)!];
  const [m, n] = [sizeOf(a.shape), sizeOf(b.shape)];
  if (m !== n && m !== 1 && n !== 1) throw c.error("constants of these shapes are not supported.");
  const float = a.float || b.float;
  const shape = m >= n ? a.shape : b.shape;
  const values = Float64Array.from({ length: Math.max(m, n) }, (_, i) => {
    const value = f(a.data[m === 1 ? 0 : i], b.data[n === 1 ? 0 : i]);
    return float ? value : Math.trunc(value);
  });
  return { kind: "host", array: { shape, data: values, float } };
}

/** x to a constant whole power, or ½. */
export function pow(c: OpContext): Value {
  const exponent = c.host(1)!.data[0];
  const x = c.node(0);
  if (exponent === 0.5) return data(g.sqrt(x));
  if (!Number.isInteger(exponent) || exponent < 1 || exponent > 8 || sizeOf(c.host(1)!.shape) !== 1)
    throw c.error(`exponent ${exponent} is not supported; expected ½ or a whole number from 1 to 8.`);
  return data(Array.from({ length: exponent - 1 }).reduce<Node>((at) => g.mul(at, x), x));
}

export const silu: Unary = (x) => g.mul(x, g.sigmoid(x));

export function gelu(c: OpContext): Value {
  const x = c.node(0);
  if (c.text("approximate") !== "tanh") return data(g.gelu(x));
  const inner = g.mul(g.add(x, g.mul(g.mul(g.mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return data(g.mul(g.mul(x, g.add(g.tanh(inner), 1)), 0.5));
}

export function leakyRelu(c: OpContext): Value {
  const x = c.node(0);
  return data(g.sub(g.relu(x), g.mul(g.relu(g.neg(x)), c.float("alpha", 0.01))));
}

/** max(lo, min(hi, x)) = lo + relu(x − lo) − relu(x − hi). */
export function clip(c: OpContext): Value {
  const x = c.node(0);
  const bound = (name: string, i: number): number | undefined =>
    c.host(i)?.data[0] ?? (c.at.attributes.has(name) ? c.float(name, 0) : undefined);
  const [lo, hi] = [bound("min", 1), bound("max", 2)];
  if (lo === undefined) throw c.error("it has no lower bound, which is not supported.");
  const above = g.add(g.relu(g.sub(x, lo)), lo);
  return data(hi === undefined ? above : g.sub(above, g.relu(g.sub(x, hi))));
}

/** Before opset 13 softmax joined all axes from `axis` on: the same only for the last. */
const lastAxisOnly =
  (f: Unary) =>
  (c: OpContext): Value => {
    const x = c.node(0);
    const rank = x.shape.length;
    const axis = c.int("axis", c.build.opset < 13 ? 1 : -1);
    if ((axis < 0 ? axis + rank : axis) !== rank - 1)
      throw c.error(`axis ${axis} of ${rank} is not supported; expected the last.`);
    return data(f(x));
  };
export const softmax = lastAxisOnly(g.softmax);
export const logSoftmax = lastAxisOnly((x) => g.sub(x, g.logSumExp(x)));

export const reduce =
  (what: "sum" | "mean") =>
  (c: OpContext): Value => {
    const x = c.node(0);
    const rank = x.shape.length;
    const axes = (c.list("axes", 1) ?? x.shape.map((_, i) => i)).map((a) => (a < 0 ? a + rank : a));
    const total = g.sum(x, axes);
    const scaled = what === "sum" ? total : g.mul(total, sizeOf(total.shape) / sizeOf(x.shape));
    const dropped = x.shape.filter((_, i) => !axes.includes(i));
    return data(c.int("keepdims", 1) === 1 ? scaled : g.reshape(scaled, dropped));
  };

/** A scale or shift: a parameter with its tap, or a constant. */
function affine(c: OpContext, x: Node, i: number, shape: readonly number[] | null, f: Binary): Node {
  const value = c.value(i);
  if (value.kind === "parameter")
    return c.elementwiseOn(x, c.batchAxis(0), value, f, shape ?? value.node.shape);
  const constant = c.node(i);
  return f(x, shape ? g.reshape(constant, shape) : constant);
}

/** Inference: the running statistics in the file are constants. */
export function batchNormalization(c: OpContext): Value {
  if (c.int("training_mode", 0) === 1)
    throw c.error("it normalizes by the batch.", "Export the model in evaluation mode: model.eval().");
  const x = c.node(0);
  const [mean, variance] = [c.frozen(3), c.frozen(4)];
  const width = sizeOf(mean.shape);
  const wide = x.shape.map((_, i) => (i === 1 ? width : 1));
  const epsilon = c.float("epsilon", 1e-5);
  const inverse = Float32Array.from(variance.data, (v) => 1 / Math.sqrt(v + epsilon));
  const normal = g.mul(
    g.sub(x, g.reshape(c.constant(mean), wide)),
    g.reshape(c.constant({ shape: [width], data: inverse, float: true }), wide),
  );
  return data(affine(c, affine(c, normal, 1, wide, g.mul), 2, wide, g.add));
}

export function layerNormalization(c: OpContext): Value {
  const x = c.node(0);
  const rank = x.shape.length;
  const axis = c.int("axis", -1);
  const axes = x.shape.map((_, i) => i).slice(axis < 0 ? axis + rank : axis);
  const count = axes.reduce((total, i) => total * x.shape[i], 1);
  const centred = g.sub(x, g.mul(g.sum(x, axes), 1 / count));
  const variance = g.mul(g.sum(g.mul(centred, centred), axes), 1 / count);
  const normal = g.mul(centred, g.reciprocal(g.sqrt(g.add(variance, c.float("epsilon", 1e-5)))));
  const scaled = affine(c, normal, 1, null, g.mul);
  return data(c.has(2) ? affine(c, scaled, 2, null, g.add) : scaled);
}

/** Padding of a maximum must never win: far below every float32 activation, and finite, so that 0 times it is 0. */
const nothing = -1e30;

export const pool =
  (what: "max" | "mean") =>
  (c: OpContext): Value => {
    const x = c.node(0);
    const kernel = c.ints("kernel_shape") ?? [];
    if (x.shape.length !== 4 || kernel[0] !== kernel[1])
      throw c.error(`only square two-dimensional windows are supported; found [${kernel.join(", ")}].`);
    if (c.int("ceil_mode", 0) === 1) throw c.error("ceil_mode is not supported.");
    if (c.ints("dilations")?.some((d) => d !== 1)) throw c.error("dilated windows are not supported.");
    const { stride, padding, image } = windowOf(c, x);
    const padded = padding > 0 || image !== x;
    if (padded && what === "mean" && c.int("count_include_pad", 0) === 0)
      throw c.error("padding that is not counted in the mean is not supported.");
    const wide = padding > 0 ? g.pad(g.pad(image, 2, padding, padding), 3, padding, padding) : image;
    const bordered = padded && what === "max" ? g.add(wide, border(c, x, wide)) : wide;
    const windows = patches(bordered, kernel[0], { stride, padding: 0 });
    const [n, channels, size, height, width] = windows.shape;
    const reduced = what === "max" ? g.maxAlong(windows, 2) : g.mul(g.sum(windows, [2]), 1 / size);
    return data(g.reshape(reduced, [n, channels, height, width]));
  };

/** `nothing` where the padded image has no pixel of its own, 0 elsewhere. */
function border(c: OpContext, x: Node, wide: Node): Node {
  const [, , height, width] = x.shape;
  const pads = c.ints("pads") ?? [0, 0, 0, 0];
  const [, , tall, long] = wide.shape;
  const values = new Float32Array(tall * long).fill(nothing);
  for (let i = 0; i < height; i++)
    values.fill(0, (i + pads[0]) * long + pads[1], (i + pads[0]) * long + pads[1] + width);
  return c.graph.fixed(values, [1, 1, tall, long]);
}

export function globalAveragePool(c: OpContext): Value {
  const x = c.node(0);
  const axes = x.shape.map((_, i) => i).slice(2);
  const total = g.sum(x, axes);
  return data(g.mul(total, sizeOf(total.shape) / sizeOf(x.shape)));
}
