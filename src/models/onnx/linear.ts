// ONNX ops in which weights meet data: Gemm, MatMul, Conv, Gather from a table.
import { inputOp, sizeOf, type Node } from "../../graph/node";
import {
  add,
  broadcastShape,
  broadcastTo,
  concat,
  conv,
  matmul,
  mul,
  oneHot,
  pad,
  reshape,
  sum,
  transpose,
} from "../../graph/ops";
import { filterPerExample } from "../layers/conv2d";
import type { OpContext } from "./context";
import { checkSize } from "./reader";
import { data, reshapedParameter, turned, type ParameterValue, type Value } from "./values";

interface Dense {
  readonly weight: ParameterValue;
  /** Whether the weight is [out, in]. */
  readonly turned: boolean;
  readonly bias: ParameterValue | null;
}

/**
 * z = a W (or a Wᵀ) (+ b) along the last axis of a, whose axis `batch` counts the examples. Two-dimensional data is one row per example and gets a
 * tap that never writes gradients down.
 */
export function dense(c: OpContext, a: Node, batch: number, { weight, turned, bias }: Dense): Node {
  const width = a.shape[a.shape.length - 1];
  const [inner, out] = turned ? [weight.node.shape[1], weight.node.shape[0]] : weight.node.shape;
  if (weight.node.shape.length !== 2 || inner !== width)
    throw c.error(
      `parameter ${weight.name} [${weight.node.shape.join(", ")}] does not fit rows of ${width} numbers.`,
    );
  if (c.shares(weight) || (bias && c.shares(bias))) return denseShared(c, a, batch, { weight, turned, bias });
  const W = c.use(weight);
  const product = matmul(reshape(a, [sizeOf(a.shape) / width, width]), W, { tb: turned });
  const shaped = reshape(product, [...a.shape.slice(0, -1), out]);
  if (bias && sizeOf(bias.own) !== out)
    throw c.error(`bias ${bias.name} has ${sizeOf(bias.own)} numbers; expected ${out}.`);
  const output = bias ? add(shaped, reshape(c.use(bias), [out])) : shaped;
  // Σ over positions of δaᵀ; [n, T, ·] each.
  const rows = (node: Node): Node => byExample(c, node, batch);
  c.tap({
    output,
    perExample: (delta) => {
      const [d, own] = [rows(delta), rows(a)];
      const outer = turned ? matmul(d, own, { ta: true }) : matmul(own, d, { ta: true });
      const flat = c.flatBack(weight, outer);
      return bias ? concat([flat, reshape(sum(d, [1]), [d.shape[0], out])], 1) : flat;
    },
    ...(a.shape.length === 2 ? { dense: { input: a, bias: bias !== null } } : {}),
  });
  const first = c.build.nodes.length === (bias ? 2 : 1) && a.shape.length === 2 && isInput(a);
  if (first && turned && weight.own === weight.node.shape) c.build.first = { weight: 0, output };
  return output;
}

/** [.., n, .., m] as [n, T, m], the examples first. */
function byExample(c: OpContext, node: Node, batch: number): Node {
  const [n, last] = [node.shape[batch], node.shape[node.shape.length - 1]];
  return reshape(c.front(node, batch), [n, sizeOf(node.shape) / n / last, last]);
}

/** The same with a copy of each shared parameter for every example. */
function denseShared(c: OpContext, a: Node, batch: number, { weight, turned, bias }: Dense): Node {
  const rest = a.shape.filter((_, i) => i !== batch);
  if (!c.shares(weight)) {
    const product = dense(c, a, batch, { weight, turned, bias: null });
    return bias
      ? c.elementwiseOn({ x: product, batch, parameter: bias, f: add, shape: [sizeOf(bias.own)] })
      : product;
  }
  const copies = c.copies(weight);
  const product = matmul(byExample(c, a, batch), copies, { tb: turned });
  const out = product.shape[2];
  const front = reshape(product, [a.shape[batch], ...rest.slice(0, -1), out]);
  const order = a.shape.map((_, i) => (i === batch ? 0 : i < batch ? i + 1 : i));
  const placed = transpose(front, order);
  return bias ? c.elementwiseOn({ x: placed, batch, parameter: bias, f: add, shape: [out] }) : placed;
}

/** Whether a node is the examples themselves, only reshaped. */
const isInput = (node: Node): boolean =>
  node.op === inputOp || (node.op.name === "reshape" && isInput(node.inputs[0]));

export function gemm(c: OpContext): Value {
  const [alpha, beta] = [c.float("alpha", 1), c.float("beta", 1)];
  const [ta, tb] = [c.int("transA", 0) === 1, c.int("transB", 0) === 1];
  const [left, weight] = [c.value(0), c.value(1)];
  // It may be left out from opset 11 on.
  const shift = c.has(2) || c.build.opset < 11 ? c.value(2) : null;
  if (weight.kind === "parameter" && left.kind === "data") {
    const bias = shift?.kind === "parameter" && alpha === 1 && beta === 1 ? shift : null;
    const { node, batch: own, back } = c.examples(0);
    const [a, batch] = ta ? [transpose(node, [1, 0]), 1 - own] : [node, own];
    const z = dense(c, a, batch, { weight, turned: tb, bias });
    return data(back(bias ? z : shifted(c, mul(z, alpha), shift, { beta, batch })));
  }
  const product = mul(matmul(c.node(0), c.node(1), { ta, tb }), alpha);
  return data(shifted(c, product, shift, { beta, batch: product.shape[0] === c.build.n ? 0 : 1 }));
}

/** z + β b, b a parameter, a constant or nothing. */
function shifted(
  c: OpContext,
  z: Node,
  shift: Value | null,
  { beta, batch }: { readonly beta: number; readonly batch: number },
): Node {
  if (!shift) return z;
  if (shift.kind !== "parameter") return add(z, mul(c.node(2), beta));
  return c.elementwiseOn({
    x: z,
    batch,
    parameter: shift,
    f: (x, p) => add(x, mul(p, beta)),
    shape: shift.node.shape,
  });
}

export function matMul(c: OpContext): Value {
  const [a, b] = [c.value(0), c.value(1)];
  if (b.kind === "parameter" && a.kind === "data") {
    const { node, batch, back } = c.examples(0);
    return data(back(dense(c, node, batch, { weight: b, turned: false, bias: null })));
  }
  if (a.kind === "parameter" && b.kind === "data") return leftMatMul(c, a, b.node);
  const [x, y] = [c.node(0), c.node(1)];
  if (y.shape.length === 2 && x.shape.length > 2) {
    const flat = matmul(reshape(x, [sizeOf(x.shape) / y.shape[0], y.shape[0]]), y);
    return data(reshape(flat, [...x.shape.slice(0, -1), y.shape[1]]));
  }
  const stack = broadcastShape("MatMul", x.shape.slice(0, -2), y.shape.slice(0, -2));
  const wide = (m: Node): Node => broadcastTo(m, [...stack, ...m.shape.slice(-2)]);
  return data(matmul(wide(x), wide(y)));
}

/** A x = (xᵀ Aᵀ)ᵀ. */
function leftMatMul(c: OpContext, a: ParameterValue, x: Node): Value {
  const rank = x.shape.length;
  const [last, batch] = [rank - 1, c.batchAxis(1)];
  if (batch >= rank - 2 && !c.build.searching)
    throw c.error(`parameter ${a.name} multiplies along the examples.`);
  const swapped = [...x.shape.keys()].slice(0, -2).concat(last, last - 1);
  const weight = turned(a, [1, 0]);
  const z = dense(c, transpose(x, swapped), batch, { weight, turned: false, bias: null });
  return data(transpose(z, swapped));
}

/** Convolution in one or two dimensions, its weight a parameter. */
export function convolution(c: OpContext): Value {
  const weight = c.value(1);
  if (weight.kind !== "parameter") throw c.error("its weight is no trainable initializer.");
  const x = c.node(0);
  const [kernel, other] = weight.node.shape.slice(2);
  const asked = c.ints("kernel_shape");
  if (asked && asked.join() !== weight.node.shape.slice(2).join())
    throw c.error(`kernel_shape [${asked.join(", ")}] is not that of its weight.`);
  const { dilations, strides } = windowAttributes(c, x.shape.length - 2);
  const group = c.int("group", 1);
  const shift = c.has(2) ? c.value(2) : null;
  const bias = shift?.kind === "parameter" ? shift : null;
  const square =
    x.shape.length === 4 && kernel === other && !dilations.some((d) => d !== 1) && strides[0] === strides[1];
  if (!square) {
    if (group !== 1)
      throw c.error("a group other than 1 is supported for square windows without dilation only.");
    if (shift && !bias) throw c.error("its bias is no trainable initializer.");
    return unfoldedConvolution(c, x, weight, bias);
  }
  const { stride, image, padding } = windowOf(c, x);
  const window = { stride, padding, groups: group };
  const plain = conv(image, c.use(weight), window);
  const filters = plain.shape[1];
  const wide = (b: Node): Node => reshape(b, [1, filters, 1, 1]);
  const output = bias ? add(plain, wide(c.use(bias))) : shift ? add(plain, wide(c.node(2))) : plain;
  if (c.batchAxis(0) !== 0) throw c.error("the first axis of its input is not that of the examples.");
  c.tap({
    output,
    perExample: (delta) => {
      const [n] = delta.shape;
      const own = reshape(filterPerExample(image, delta, kernel, window), [n, ...weight.node.shape]);
      const flat = c.flatBack(weight, own);
      return bias ? concat([flat, reshape(sum(delta, [2, 3]), [n, filters])], 1) : flat;
    },
  });
  return data(output);
}

/**
 * Any window as a dense layer on the places it covers: [n, c, …] times a selection of places is [n, T, c·k]. For windows that are small or
 * one-dimensional; the selection has (places × window × outputs) numbers.
 */
function unfoldedConvolution(
  c: OpContext,
  x: Node,
  weight: ParameterValue,
  bias: ParameterValue | null,
): Value {
  const [n, channels, ...size] = x.shape;
  const [filters, inner, ...kernel] = weight.node.shape;
  if (size.length !== kernel.length || size.length > 2 || inner !== channels)
    throw c.error(
      `a weight [${weight.node.shape.join(", ")}] for data [${x.shape.join(", ")}] is not supported.`,
    );
  const { select, out } = selection(c, size, kernel);
  const [places, T, window] = [sizeOf(size), sizeOf(out), sizeOf(kernel)];
  const taken = matmul(reshape(x, [n * channels, places]), c.graph.fixed(select, [places, window * T]));
  const columns = transpose(reshape(taken, [n, channels, window, T]), [0, 3, 1, 2]);
  const rows = reshape(columns, [n, T, channels * window]);
  const flat = reshapedParameter(weight, [filters, channels * window]);
  const z = dense(c, rows, c.batchAxis(0), { weight: flat, turned: true, bias });
  return data(reshape(transpose(z, [0, 2, 1]), [n, filters, ...out]));
}

/** Which place of the data each entry of a window reads, as a matrix of ones, [places, window · T]; the rest of padding reads nothing. */
function selection(
  c: OpContext,
  size: readonly number[],
  kernel: readonly number[],
): { select: Float32Array; out: number[] } {
  const { strides, dilations, pads } = windowAttributes(c, size.length);
  if (kernel.some((d) => !(d > 0))) throw c.error(`a window [${kernel.join(", ")}] is empty.`);
  const out = size.map(
    (d, i) =>
      Math.floor((d + pads[i] + pads[i + size.length] - dilations[i] * (kernel[i] - 1) - 1) / strides[i]) + 1,
  );
  const [places, T, window] = [sizeOf(size), sizeOf(out), sizeOf(kernel)];
  checkSize(c, [...out, places, window]);
  const select = new Float32Array(places * window * T);
  const indexOf = (flat: number, shape: readonly number[]): number[] =>
    shape.map((d, i) => Math.floor(flat / sizeOf(shape.slice(i + 1))) % d);
  for (let w = 0; w < window; w++)
    for (let t = 0; t < T; t++) {
      const [own, at] = [indexOf(w, kernel), indexOf(t, out)];
      const place = size.map((_, i) => at[i] * strides[i] + own[i] * dilations[i] - pads[i]);
      if (place.every((p, i) => p >= 0 && p < size[i]))
        select[place.reduce((flat, p, i) => flat * size[i] + p, 0) * window * T + w * T + t] = 1;
    }
  return { select, out };
}

/** What Conv and the pools say of a window over `axes` axes, one number or two an axis. */
export function windowAttributes(
  c: OpContext,
  axes: number,
): Readonly<Record<"strides" | "dilations" | "pads", readonly number[]>> {
  const autoPad = c.text("auto_pad");
  if (!["", "NOTSET", "VALID"].includes(autoPad))
    throw c.error(`auto_pad "${autoPad}" is not supported.`, "Export with explicit padding.");
  const read = (name: string, length: number, least: number): readonly number[] => {
    const values = c.ints(name) ?? Array.from({ length }, () => least);
    if (values.length !== length || values.some((d) => !(d >= least)))
      throw c.error(`${name} [${values.join(", ")}] do not fit a window over ${axes} axes.`);
    return values;
  };
  return {
    strides: read("strides", axes, 1),
    dilations: read("dilations", axes, 1),
    pads: read("pads", 2 * axes, 0),
  };
}

/** Stride and padding of a window over two axes; uneven padding is put into the image itself, filled with zeros. */
export function windowOf(c: OpContext, x: Node): { stride: number; padding: number; image: Node } {
  const { strides, dilations, pads } = windowAttributes(c, 2);
  if (dilations.some((d) => d !== 1)) throw c.error("dilations other than 1 are not supported.");
  if (strides[0] !== strides[1])
    throw c.error(`strides ${strides.join(" and ")} differ; one for both axes is supported.`);
  if (pads.every((p) => p === pads[0])) return { stride: strides[0], padding: pads[0], image: x };
  const image = [0, 1].reduce((at, i) => pad(at, 2 + i, pads[i], pads[i + 2]), x);
  return { stride: strides[0], padding: 0, image };
}

/** Rows of a parameter by whole numbers in the data (an embedding), or one entry of an axis by a constant. */
export function gatherTable(c: OpContext, table: ParameterValue): Value {
  if (c.int("axis", 0) !== 0 || table.node.shape.length !== 2)
    throw c.error(`parameter ${table.name} is gathered along an axis that is not its first of two.`);
  const tokens = c.node(1);
  if (c.shares(table)) return gatherShared(c, table, tokens);
  const [vocabulary, width] = table.node.shape;
  const codes = oneHot(tokens, vocabulary);
  const flat = matmul(reshape(codes, [sizeOf(tokens.shape), vocabulary]), c.use(table));
  const output = reshape(flat, [...tokens.shape, width]);
  const batch = c.batchAxis(1);
  const rows = (node: Node): Node => byExample(c, node, batch);
  c.tap({
    output,
    perExample: (delta) => c.flatBack(table, matmul(rows(codes), rows(delta), { ta: true })),
  });
  return data(output);
}

/** The same with a copy of the table for each example. */
function gatherShared(c: OpContext, table: ParameterValue, tokens: Node): Value {
  const [vocabulary, width] = table.node.shape;
  if (c.batchAxis(1) !== 0) throw c.error("the first axis of its indices is not that of the examples.");
  const codes = reshape(oneHot(tokens, vocabulary), [
    tokens.shape[0],
    sizeOf(tokens.shape.slice(1)),
    vocabulary,
  ]);
  return data(reshape(matmul(codes, c.copies(table)), [...tokens.shape, width]));
}
