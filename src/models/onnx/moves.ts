// ONNX ops that move numbers without changing them: on data as graph nodes, on constants at once, on parameters undone per example.
import { sizeOf, type Node } from "../../graph/node";
import { broadcastShape, broadcastTo, concat, pad, reshape, slice, transpose } from "../../graph/ops";
import { data, type OpContext, type ParameterValue, type Value } from "./context";
import type { HostArray } from "./file";
import { gatherTable } from "./linear";

const host = (shape: readonly number[], values: ArrayLike<number>, float = false): Value => ({
  kind: "host",
  array: { shape, data: values, float },
});
const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
const shapeOf = (value: Value): readonly number[] =>
  value.kind === "host" ? value.array.shape : value.node.shape;

/** The value in a new shape of the same size. */
function reshaped(value: Value, shape: readonly number[]): Value {
  if (value.kind === "host") return { kind: "host", array: { ...value.array, shape } };
  const node = reshape(value.node, shape);
  if (value.kind === "data") return data(node);
  const before = value.node.shape;
  return {
    ...value,
    node,
    back: (d: Node) => value.back(reshape(d, [d.shape[0], ...before])),
  } satisfies ParameterValue;
}

export function reshapeOp(c: OpContext): Value {
  const value = c.value(0);
  const from = shapeOf(value);
  const size = sizeOf(from);
  const asked = Array.from(c.host(1)!.data, (d, i) => (d === 0 && c.int("allowzero", 0) === 0 ? from[i] : d));
  const fitted = (target: readonly number[]): number[] | undefined => {
    const known = target.filter((d) => d >= 0).reduce((a, b) => a * b, 1);
    const whole = target.map((d) => (d === -1 ? size / known : d));
    return sizeOf(whole) === size && whole.every(Number.isInteger) ? whole : undefined;
  };
  // A model exported for a fixed number of examples has that number in its shapes: ours takes its place.
  const { exported, n } = c.build;
  const scaled =
    exported !== null && asked[0] % exported === 0 ? [(asked[0] / exported) * n, ...asked.slice(1)] : asked;
  const shape = value.kind === "data" ? (fitted(scaled) ?? fitted(asked)) : fitted(asked);
  if (!shape) throw c.error(`[${from.join(", ")}] cannot become [${asked.join(", ")}].`);
  return reshaped(value, shape);
}

export function flatten(c: OpContext): Value {
  const value = c.value(0);
  const shape = shapeOf(value);
  const axis = axisOf(c.int("axis", 1), shape.length);
  return reshaped(value, [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))]);
}

export function unsqueeze(c: OpContext): Value {
  const value = c.value(0);
  const shape = [...shapeOf(value)];
  const axes = c.list("axes", 1) ?? [];
  const rank = shape.length + axes.length;
  for (const axis of axes.map((a) => axisOf(a, rank)).sort((a, b) => a - b)) shape.splice(axis, 0, 1);
  return reshaped(value, shape);
}

export function squeeze(c: OpContext): Value {
  const value = c.value(0);
  const shape = shapeOf(value);
  const axes = c.list("axes", 1)?.map((a) => axisOf(a, shape.length));
  return reshaped(
    value,
    shape.filter((d, i) => (axes ? !axes.includes(i) : d !== 1)),
  );
}

export function transposeOp(c: OpContext): Value {
  const value = c.value(0);
  const rank = shapeOf(value).length;
  const perm = c.ints("perm") ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  if (value.kind === "host") throw c.error("transposing a constant is not supported.");
  const node = transpose(value.node, perm);
  if (value.kind === "data") return data(node);
  const inverse = [0, ...perm.map((_, i) => perm.indexOf(i) + 1)];
  return { ...value, node, back: (d) => value.back(transpose(d, inverse)) };
}

/** Another name for a parameter is a parameter of its own: PyTorch writes equal starting values once. */
export function identity(c: OpContext): Value {
  const value = c.value(0);
  if (value.kind !== "parameter") return value;
  const name = c.at.outputs[0];
  return value.back === unmoved ? { ...value, name, node: c.graph.input(name, value.own) } : value;
}
/** The `back` of a parameter as the file has it. */
export const unmoved = (d: Node): Node => d;

export const shape = (c: OpContext): Value => {
  const dims = shapeOf(c.value(0));
  return host([dims.length], dims);
};

export function gather(c: OpContext): Value {
  const value = c.value(0);
  if (value.kind === "parameter") return gatherTable(c, value);
  const list = c.host(1)!;
  const dims = shapeOf(value);
  const axis = axisOf(c.int("axis", 0), dims.length);
  const at = Array.from(list.data, (i) => axisOf(i, dims[axis]));
  if (value.kind === "host" && dims.length === 1)
    return host(
      list.shape,
      at.map((i) => value.array.data[i]),
      value.array.float,
    );
  const parts = at.map((i) => slice(c.node(0), axis, i, 1));
  const joined = parts.length === 1 ? parts[0] : concat(parts, axis);
  return data(reshape(joined, [...dims.slice(0, axis), ...list.shape, ...dims.slice(axis + 1)]));
}

export function sliceOp(c: OpContext): Value {
  const value = c.value(0);
  const dims = shapeOf(value);
  const starts = c.list("starts", 1) ?? [];
  const ends = c.list("ends", 2) ?? [];
  const axes = (c.list("axes", 3) ?? starts.map((_, i) => i)).map((a) => axisOf(a, dims.length));
  const steps = c.list("steps", 4) ?? starts.map(() => 1);
  if (steps.some((s) => s !== 1)) throw c.error("steps other than 1 are not supported.");
  const range = (i: number): [number, number] => {
    const d = dims[axes[i]];
    const clamp = (v: number) => Math.min(d, Math.max(0, v < 0 ? v + d : v));
    return [clamp(starts[i]), clamp(ends[i])];
  };
  if (value.kind === "host" && dims.length === 1) {
    const kept = Array.from(value.array.data).slice(...range(0));
    return host([kept.length], kept, value.array.float);
  }
  return data(
    axes.reduce((at, axis, i) => slice(at, axis, range(i)[0], range(i)[1] - range(i)[0]), c.node(0)),
  );
}

export function split(c: OpContext): Value[] {
  const x = c.node(0);
  const axis = axisOf(c.int("axis", 0), x.shape.length);
  const count = c.at.outputs.length;
  const sizes = c.list("split", 1) ?? Array.from({ length: count }, () => x.shape[axis] / count);
  let start = 0;
  return sizes.map((size) => {
    const part = slice(x, axis, start, size);
    start += size;
    return data(part);
  });
}

export function concatOp(c: OpContext): Value {
  const values = c.at.inputs.map((_, i) => c.value(i));
  if (values.every((v) => v.kind === "host")) {
    const all = values.flatMap((v) => (v.kind === "host" ? Array.from(v.array.data) : []));
    return host(
      [all.length],
      all,
      values.some((v) => v.kind === "host" && v.array.float),
    );
  }
  const nodes = c.at.inputs.map((_, i) => c.node(i));
  return data(concat(nodes, axisOf(c.int("axis", 0), nodes[0].shape.length)));
}

/** Zeros around the data. */
export function padOp(c: OpContext): Value {
  const x = c.node(0);
  const pads = c.list("pads", 1) ?? [];
  const filling = c.host(2)?.data[0] ?? c.float("value", 0);
  if (!["", "constant"].includes(c.text("mode")) || filling !== 0)
    throw c.error(`only padding with zeros is supported; found mode "${c.text("mode")}", value ${filling}.`);
  const rank = x.shape.length;
  if (pads.length !== 2 * rank || pads.some((p) => p < 0))
    throw c.error(`pads [${pads.join(", ")}] do not fit the ${rank} axes.`);
  return data(x.shape.reduce((at, _, axis) => pad(at, axis, pads[axis], pads[axis + rank]), x));
}

export function expand(c: OpContext): Value {
  const x = c.node(0);
  return data(broadcastTo(x, broadcastShape("expand", x.shape, Array.from(c.host(1)!.data))));
}

/** Numbers stay as they are: floats are whole where a cast to integers stands. */
export function cast(c: OpContext): Value {
  const value = c.value(0);
  if (value.kind !== "host") return value;
  const { FLOAT, DOUBLE } = { FLOAT: 1, DOUBLE: 11 };
  const to = c.int("to", FLOAT);
  const float = to === FLOAT || to === DOUBLE;
  const { shape: dims, data: values } = value.array;
  return host(dims, float ? values : Float64Array.from(values, Math.trunc), float);
}

export function constantOfShape(c: OpContext): Value {
  const dims = Array.from(c.host(0)!.data);
  const tensor: HostArray | undefined = c.tensor("value");
  return host(dims, new Float64Array(sizeOf(dims)).fill(tensor?.data[0] ?? 0), tensor?.float ?? true);
}
