// ONNX ops that compute: arithmetic, activations, reductions, normalizations, pooling.
import { sizeOf, type Node } from "../../graph/node";
import * as g from "../../graph/ops";
import { patches } from "../layers/patches";
import type { OpContext } from "./context";
import type { HostArray } from "./file";
import { windowAttributes, windowOf } from "./linear";
import { checkSize } from "./reader";
import { data, isExporterName, type ParameterValue, type Value } from "./values";

type Unary = (x: Node) => Node;
type Binary = (a: Node, b: Node) => Node;

/** f of data, or of a constant, which is computed at once where its function of numbers is given. */
export const unary =
  (f: Unary, onNumbers?: (x: number) => number) =>
  (c: OpContext): Value => {
    const value = c.value(0);
    if (value.kind !== "host" || !onNumbers) return data(f(c.node(0)));
    return { kind: "host", array: { ...value.array, data: Float64Array.from(value.array.data, onNumbers) } };
  };

/** Arithmetic on data, on data and a parameter, and on constants, which are computed at once. */
export const binary =
  (f: Binary, onNumbers: (a: number, b: number) => number) =>
  (c: OpContext): Value => {
    const [a, b] = [c.value(0), c.value(1)];
    if (a.kind === "host" && b.kind === "host") return hostBinary(c, onNumbers);
    if (a.kind === "data" && b.kind === "parameter") return withParameter(c, 0, b, f);
    if (b.kind === "data" && a.kind === "parameter") return withParameter(c, 1, a, (x, p) => f(p, x));
    return data(f(c.node(0), c.node(1)));
  };

/** f(input, p) element by element, p trained or a constant. */
function withParameter(c: OpContext, dataAt: number, parameter: ParameterValue, f: Binary): Value {
  const reason = c.reasonForConstant(parameter, c.node(dataAt));
  if (reason === null) return c.elementwise(dataAt, parameter, f);
  return data(f(c.node(dataAt), c.constant(c.asConstant(parameter, reason))));
}

function hostBinary(c: OpContext, f: (a: number, b: number) => number): Value {
  const [a, b] = [c.constantInput(0), c.constantInput(1)];
  const float = a.float || b.float;
  const shape = g.broadcastShape(c.at.op, a.shape, b.shape);
  checkSize(c, shape);
  /** Flat place in `array` of an index into the broadcast shape. */
  const at = (array: HostArray, index: readonly number[]): number =>
    array.shape.reduce(
      (flat, d, i) => flat * d + (d === 1 ? 0 : index[i + shape.length - array.shape.length]),
      0,
    );
  const values = Float64Array.from({ length: sizeOf(shape) }, (_, flat) => {
    const index = shape.map((d, i) => Math.floor(flat / sizeOf(shape.slice(i + 1))) % d);
    const value = f(a.data[at(a, index)], b.data[at(b, index)]);
    return float ? value : Math.trunc(value);
  });
  return { kind: "host", array: { shape, data: values, float } };
}

/** A comparison of constants: shape arithmetic of exporters. */
export const hostOnly =
  (f: (a: number, b: number) => number) =>
  (c: OpContext): Value =>
    hostBinary(c, f);

/** 1 where a > b, of constants and of data; `swap` asks for a < b. */
export const greater =
  (swap: boolean) =>
  (c: OpContext): Value => {
    if (c.value(0).kind === "host" && c.value(1).kind === "host")
      return hostBinary(c, (a, b) => Number(swap ? a < b : a > b));
    const [a, b] = [c.node(swap ? 1 : 0), c.node(swap ? 0 : 1)];
    return data(g.step(g.sub(a, b)));
  };

/** Of constants. Python's remainder has the sign of the divisor, C's (fmod) that of the dividend. */
export function mod(c: OpContext): Value {
  const likeC = c.int("fmod", 0) === 1;
  return hostBinary(c, (a, b) => (likeC ? a % b : a - b * Math.floor(a / b)));
}

/** x to a constant whole power, or ½. */
export function pow(c: OpContext): Value {
  const exponent = c.number(1);
  const value = c.value(0);
  if (value.kind === "host") return hostBinary(c, Math.pow);
  const x = c.node(0);
  if (exponent === 0.5) return data(g.sqrt(x));
  if (!Number.isInteger(exponent) || exponent < 1 || exponent > 8)
    throw c.error(`exponent ${exponent} is not supported; expected ½ or a whole number from 1 to 8.`);
  return data(Array.from({ length: exponent - 1 }).reduce<Node>((at) => g.mul(at, x), x));
}

export function gelu(c: OpContext): Value {
  const x = c.node(0);
  const approximate = c.text("approximate");
  if (!["", "none", "tanh"].includes(approximate))
    throw c.error(`approximate "${approximate}" is not supported.`);
  if (approximate !== "tanh") return data(g.gelu(x));
  const inner = g.mul(g.add(x, g.mul(g.mul(g.mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return data(g.mul(g.mul(x, g.add(g.tanh(inner), 1)), 0.5));
}

export function leakyRelu(c: OpContext): Value {
  const x = c.node(0);
  return data(g.sub(g.relu(x), g.mul(g.relu(g.neg(x)), c.float("alpha", 0.01))));
}

/** The slope is a parameter, one or one a channel. */
export const prelu = binary(
  (x, slope) => g.sub(g.relu(x), g.mul(slope, g.relu(g.neg(x)))),
  (x, slope) => (x < 0 ? slope * x : x),
);

export const mish: Unary = (x) => g.mul(x, g.tanh(g.softplus(x)));

export const abs: Unary = (x) => g.add(g.relu(x), g.relu(g.neg(x)));

/** e^x − 1 below zero, 0 above. */
const below = (x: Node): Node => g.sub(g.exp(g.neg(g.relu(g.neg(x)))), 1);

export function elu(c: OpContext): Value {
  const x = c.node(0);
  return data(g.add(g.relu(x), g.mul(below(x), c.float("alpha", 1))));
}

export function celu(c: OpContext): Value {
  const x = c.node(0);
  const alpha = c.float("alpha", 1);
  return data(g.add(g.relu(x), g.mul(below(g.mul(x, 1 / alpha)), alpha)));
}

export function selu(c: OpContext): Value {
  const x = c.node(0);
  const [alpha, gamma] = [c.float("alpha", 1.6732632423543772), c.float("gamma", 1.0507009873554805)];
  return data(g.mul(g.add(g.relu(x), g.mul(below(x), alpha)), gamma));
}

/** x between two bounds. */
const clamped = (x: Node, lo: number, hi: number): Node =>
  g.sub(g.add(g.relu(g.sub(x, lo)), lo), g.relu(g.sub(x, hi)));

export function hardSigmoid(c: OpContext): Value {
  const inner = g.add(g.mul(c.node(0), c.float("alpha", 0.2)), c.float("beta", 0.5));
  return data(clamped(inner, 0, 1));
}

export const hardSwish: Unary = (x) => g.mul(x, clamped(g.add(g.mul(x, 1 / 6), 0.5), 0, 1));

/** max(lo, x) = lo + relu(x − lo), min(hi, x) = hi − relu(hi − x). */
export function clip(c: OpContext): Value {
  const x = c.node(0);
  const bound = (name: string, i: number): number | undefined =>
    c.has(i) ? c.number(i) : c.given(name) ? c.float(name, 0) : undefined;
  const [lo, hi] = [bound("min", 1), bound("max", 2)];
  if (lo !== undefined && hi !== undefined) return data(clamped(x, lo, hi));
  if (lo !== undefined) return data(g.add(g.relu(g.sub(x, lo)), lo));
  return data(hi === undefined ? x : g.sub(x, g.relu(g.sub(x, hi))));
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
    const given = c.list("axes", 1) ?? [];
    // No axes are all of them, unless the file says none.
    const keep = c.int("noop_with_empty_axes", 0) === 1;
    const keepdims = c.int("keepdims", 1) === 1;
    if (given.length === 0 && keep) return data(x);
    const axes = given.length === 0 ? x.shape.map((_, i) => i) : given.map((a) => c.axis(a, rank));
    const total = g.sum(x, axes);
    const scaled = what === "sum" ? total : g.mul(total, sizeOf(total.shape) / sizeOf(x.shape));
    const dropped = x.shape.filter((_, i) => !axes.includes(i));
    return data(keepdims ? scaled : g.reshape(scaled, dropped));
  };

interface Affine {
  /** Shape in which scale and shift are spread; null: their own. */
  readonly shape: readonly number[] | null;
  /** Which inputs they are; a shift may be left out. */
  readonly scale: number;
  readonly shift: number | null;
}

/** x times a scale plus a shift. */
function affine(c: OpContext, x: Node, { shape, scale, shift }: Affine): Node {
  const scaled = spread(c, x, { i: scale, shape, f: g.mul });
  return shift === null ? scaled : spread(c, scaled, { i: shift, shape, f: g.add });
}

/** f(x, input i), the input a parameter with its tap or a constant. */
function spread(
  c: OpContext,
  x: Node,
  { i, shape, f }: { readonly i: number; readonly shape: readonly number[] | null; readonly f: Binary },
): Node {
  const value = c.value(i);
  // Scales of 1 and shifts of 0 that the op demands where the module has none.
  const filler =
    value.kind === "parameter" &&
    isExporterName(value.name) &&
    value.values.every((v) => v === value.values[0]);
  if (value.kind === "parameter" && !(filler && !c.build.choices.train)) {
    const batch = c.batchAxis(0);
    return c.elementwiseOn({ x, batch, parameter: value, f, shape: shape ?? value.node.shape });
  }
  const constant =
    value.kind === "parameter"
      ? c.constant(c.asConstant(value, "is one number throughout with a name the exporter made"))
      : c.node(i);
  return f(x, shape ? g.reshape(constant, shape) : constant);
}

/** Inference: the running statistics in the file are constants. */
export function batchNormalization(c: OpContext): Value {
  if (c.int("training_mode", 0) === 1)
    throw c.error(
      "it normalizes by the batch (training_mode 1).",
      "Export the model in evaluation mode: model.eval().",
    );
  // How running statistics were updated.
  c.ignoreAttributes("momentum");
  if (c.int("spatial", 1) !== 1) throw c.error("spatial 0 is not supported.");
  const x = c.node(0);
  const [mean, variance] = [c.constantInput(3), c.constantInput(4)];
  const width = sizeOf(mean.shape);
  const wide = x.shape.map((_, i) => (i === 1 ? width : 1));
  const epsilon = c.float("epsilon", 1e-5);
  const inverse = Float32Array.from(variance.data, (v) => 1 / Math.sqrt(v + epsilon));
  const normal = g.mul(
    g.sub(x, g.reshape(c.constant(mean), wide)),
    g.reshape(c.constant({ shape: [width], data: inverse, float: true }), wide),
  );
  return data(affine(c, normal, { shape: wide, scale: 1, shift: 2 }));
}

/** Mean 0 and variance 1 along `axes`. */
function normalized(x: Node, axes: readonly number[], epsilon: number): Node {
  const count = axes.reduce((total, i) => total * x.shape[i], 1);
  const centred = g.sub(x, g.mul(g.sum(x, axes), 1 / count));
  const variance = g.mul(g.sum(g.mul(centred, centred), axes), 1 / count);
  return g.mul(centred, g.reciprocal(g.sqrt(g.add(variance, epsilon))));
}

/** One number a channel, spread over the places of x [n, channels, …]. */
const perChannel = (x: Node): number[] => x.shape.map((d, i) => (i === 1 ? d : 1));

export function instanceNormalization(c: OpContext): Value {
  const x = c.node(0);
  const axes = x.shape.map((_, i) => i).slice(2);
  const normal = normalized(x, axes, c.float("epsilon", 1e-5));
  return data(affine(c, normal, { shape: perChannel(x), scale: 1, shift: 2 }));
}

/** The statistics are kept in float32, type 1. */
function checkStash(c: OpContext): void {
  if (c.int("stash_type", 1) !== 1) throw c.error("a stash_type other than float32 is not supported.");
}

export function groupNormalization(c: OpContext): Value {
  checkStash(c);
  const x = c.node(0);
  const [n, channels, ...places] = x.shape;
  const groups = c.int("num_groups", 0);
  if (!(groups > 0) || channels % groups !== 0)
    throw c.error(`${channels} channels do not make ${groups} groups.`);
  const grouped = g.reshape(x, [n, groups, (channels / groups) * sizeOf(places)]);
  const normal = normalized(grouped, [2], c.float("epsilon", 1e-5));
  // Before opset 21 scale and shift were one a group.
  if (c.build.opset < 21) {
    const scaled = affine(c, normal, { shape: [1, groups, 1], scale: 1, shift: 2 });
    return data(g.reshape(scaled, x.shape));
  }
  const back = g.reshape(normal, x.shape);
  return data(affine(c, back, { shape: perChannel(x), scale: 1, shift: 2 }));
}

export function layerNormalization(c: OpContext): Value {
  checkStash(c);
  const x = c.node(0);
  const axes = x.shape.map((_, i) => i).slice(c.axis(c.int("axis", -1), x.shape.length));
  const normal = normalized(x, axes, c.float("epsilon", 1e-5));
  return data(affine(c, normal, { shape: null, scale: 1, shift: c.has(2) ? 2 : null }));
}

/** Padding of a maximum must never win: far below every float32 activation, and finite, so that 0 times it is 0. */
const nothing = -1e30;

export const pool =
  (what: "max" | "mean") =>
  (c: OpContext): Value => {
    const x = c.node(0);
    const kernel = c.ints("kernel_shape") ?? [];
    const countsPadding = c.int("count_include_pad", 0) === 1;
    // The order of the second output, indices.
    c.ignoreAttributes("storage_order");
    if (x.shape.length !== 4 || kernel.length !== 2 || kernel[0] !== kernel[1] || !(kernel[0] > 0))
      throw c.error(
        `only square two-dimensional windows are supported; found kernel_shape [${kernel.join(", ")}].`,
      );
    if (c.int("ceil_mode", 0) === 1) throw c.error("ceil_mode is not supported.");
    const { stride, padding, image } = windowOf(c, x);
    const padded = padding > 0 || image !== x;
    if (padded && what === "mean" && !countsPadding)
      throw c.error("pads that are not counted in the mean are not supported (count_include_pad 0).");
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
  const { pads } = windowAttributes(c, 2);
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
