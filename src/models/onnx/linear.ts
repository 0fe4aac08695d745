// ONNX ops in which weights meet data: Gemm, MatMul, Conv, Gather from a table.
import { inputOp, sizeOf, type Node } from "../../graph/node";
import { add, concat, conv, matmul, mul, oneHot, pad, reshape, sum } from "../../graph/ops";
import { filterPerExample } from "../layers/conv2d";
import { data, type OpContext, type ParameterValue, type Value } from "./context";

/** z = a W (or a Wᵀ) (+ b). Two-dimensional data is one row per example and gets a tap that never writes gradients down. */
function dense(
  c: OpContext,
  at: number,
  weight: ParameterValue,
  turned: boolean,
  bias: ParameterValue | null,
): Value {
  const a = c.node(at);
  const W = c.use(weight);
  const width = a.shape[a.shape.length - 1];
  const [inner, out] = turned ? [W.shape[1], W.shape[0]] : W.shape;
  if (W.shape.length !== 2 || inner !== width)
    throw c.error(`parameter ${weight.name} [${W.shape.join(", ")}] does not fit rows of ${width} numbers.`);
  const product = matmul(reshape(a, [sizeOf(a.shape) / width, width]), W, { tb: turned });
  const shaped = reshape(product, [...a.shape.slice(0, -1), out]);
  const output = bias ? add(shaped, reshape(c.use(bias), [sizeOf(bias.own)])) : shaped;
  const batch = c.batchAxis(at);
  // Σ over positions of δaᵀ; [n, T, ·] each.
  const rows = (node: Node): Node => {
    const [n, last] = [node.shape[batch], node.shape[node.shape.length - 1]];
    return reshape(c.front(node, batch), [n, sizeOf(node.shape) / n / last, last]);
  };
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
  return data(output);
}

/** Whether a node is the examples themselves, only reshaped. */
const isInput = (node: Node): boolean =>
  node.op === inputOp || (node.op.name === "reshape" && isInput(node.inputs[0]));

export function gemm(c: OpContext): Value {
  const [alpha, beta] = [c.float("alpha", 1), c.float("beta", 1)];
  const [ta, tb] = [c.int("transA", 0) === 1, c.int("transB", 0) === 1];
  const weight = c.value(1);
  const shift = c.has(2) ? c.value(2) : null;
  if (weight.kind === "parameter" && alpha === 1 && beta === 1 && !ta) {
    const bias = shift?.kind === "parameter" ? shift : null;
    const z = dense(c, 0, weight, tb, bias);
    return shift && !bias && z.kind === "data" ? data(add(z.node, c.node(2))) : z;
  }
  const product = mul(matmul(c.node(0), c.node(1), { ta, tb }), alpha);
  return data(shift ? add(product, mul(c.node(2), beta)) : product);
}

export function matMul(c: OpContext): Value {
  const [a, b] = [c.value(0), c.value(1)];
  if (b.kind === "parameter" && a.kind === "data") return dense(c, 0, b, false, null);
  const [x, y] = [c.node(0), c.node(1)];
  if (y.shape.length === 2 && x.shape.length > 2) {
    const flat = matmul(reshape(x, [sizeOf(x.shape) / y.shape[0], y.shape[0]]), y);
    return data(reshape(flat, [...x.shape.slice(0, -1), y.shape[1]]));
  }
  if (x.shape.length !== y.shape.length || x.shape.slice(0, -2).some((d, i) => d !== y.shape[i]))
    throw c.error(
      `stacks of matrices [${x.shape.join(", ")}] and [${y.shape.join(", ")}] differ; broadcasting them is not supported.`,
    );
  return data(matmul(x, y));
}

export function convolution(c: OpContext): Value {
  const weight = c.value(1);
  if (weight.kind !== "parameter") throw c.error("its weight is no trainable initializer.");
  const x = c.node(0);
  const [kernel, other] = weight.node.shape.slice(2);
  if (x.shape.length !== 4 || kernel !== other)
    throw c.error(
      `only square two-dimensional kernels are supported; found [${weight.node.shape.slice(2).join(", ")}].`,
    );
  const { stride, image, padding } = windowOf(c, x);
  if (c.ints("dilations")?.some((d) => d !== 1)) throw c.error("dilated convolution is not supported.");
  const window = { stride, padding, groups: c.int("group", 1) };
  const shift = c.has(2) ? c.value(2) : null;
  const plain = conv(image, c.use(weight), window);
  const filters = plain.shape[1];
  const wide = (b: Node): Node => reshape(b, [1, filters, 1, 1]);
  const bias = shift?.kind === "parameter" ? shift : null;
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

/** Stride and padding of a window; uneven padding is put into the image itself, filled with zeros. */
export function windowOf(c: OpContext, x: Node): { stride: number; padding: number; image: Node } {
  const strides = c.ints("strides") ?? [1, 1];
  const pads = c.ints("pads") ?? [0, 0, 0, 0];
  if (!["", "NOTSET", "VALID"].includes(c.text("auto_pad")))
    throw c.error(`auto_pad "${c.text("auto_pad")}" is not supported.`, "Export with explicit padding.");
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
  const [vocabulary, width] = table.node.shape;
  const codes = oneHot(tokens, vocabulary);
  const flat = matmul(reshape(codes, [sizeOf(tokens.shape), vocabulary]), c.use(table));
  const output = reshape(flat, [...tokens.shape, width]);
  const batch = c.batchAxis(1);
  const rows = (node: Node): Node => {
    const [n, last] = [node.shape[batch], node.shape[node.shape.length - 1]];
    return reshape(c.front(node, batch), [n, sizeOf(node.shape) / n / last, last]);
  };
  c.tap({
    output,
    perExample: (delta) => c.flatBack(table, matmul(rows(codes), rows(delta), { ta: true })),
  });
  return data(output);
}
