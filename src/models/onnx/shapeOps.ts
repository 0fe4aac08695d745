// ONNX ops that move numbers without changing them: on data as graph nodes, on constants at once, on parameters undone per example.
import { sizeOf } from "../../graph/node";
import {
  add,
  broadcastShape,
  broadcastTo,
  concat,
  mul,
  neg,
  pad,
  reshape,
  slice,
  sum,
  transpose,
} from "../../graph/ops";
import type { OpContext } from "./context";
import { rescaled } from "./examples";
import type { HostArray } from "./file";
import { gatherTable } from "./linear";
import { checkSize } from "./reader";
import { data, reshapedParameter, turned, unmoved, type ParameterValue, type Value } from "./values";

const host = (shape: readonly number[], values: ArrayLike<number>, float = false): Value => ({
  kind: "host",
  array: { shape, data: values, float },
});
const shapeOf = (value: Value): readonly number[] =>
  value.kind === "host" ? value.array.shape : value.node.shape;

/** The value in a new shape of the same size. */
function reshaped(value: Value, shape: readonly number[]): Value {
  if (value.kind === "host") return { kind: "host", array: { ...value.array, shape } };
  return value.kind === "data" ? data(reshape(value.node, shape)) : reshapedParameter(value, shape);
}

export function reshapeOp(c: OpContext): Value {
  const value = c.value(0);
  const from = shapeOf(value);
  const size = sizeOf(from);
  const zeroCopies = c.int("allowzero", 0) === 0;
  const asked = Array.from(c.constantInput(1).data, (d, i) => (d === 0 && zeroCopies ? from[i] : d));
  const fitted = (target: readonly number[]): number[] | undefined => {
    const known = target.filter((d) => d >= 0).reduce((a, b) => a * b, 1);
    const lengths = target.map((d) => (d === -1 ? size / known : d));
    return sizeOf(lengths) === size && lengths.every(Number.isInteger) ? lengths : undefined;
  };
  const shape = (value.kind === "data" && rescaled(c)) || fitted(asked);
  if (!shape)
    throw c.error(
      `[${from.join(", ")}] cannot become [${asked.join(", ")}]${zeroCopies ? "" : " (allowzero 1)"}.`,
    );
  return reshaped(value, shape);
}

export function flatten(c: OpContext): Value {
  const value = c.value(0);
  const shape = shapeOf(value);
  const given = c.int("axis", 1);
  const axis = given === shape.length ? given : c.axis(given, shape.length);
  return reshaped(value, [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))]);
}

export function unsqueeze(c: OpContext): Value {
  const value = c.value(0);
  const shape = [...shapeOf(value)];
  const axes = c.list("axes", 1);
  if (!axes) throw c.error("it does not say which axes it adds.");
  const rank = shape.length + axes.length;
  for (const axis of axes.map((a) => c.axis(a, rank)).sort((a, b) => a - b)) shape.splice(axis, 0, 1);
  return reshaped(value, shape);
}

export function squeeze(c: OpContext): Value {
  const value = c.value(0);
  const shape = shapeOf(value);
  const axes = c.list("axes", 1)?.map((a) => c.axis(a, shape.length));
  const long = axes?.find((axis) => shape[axis] !== 1);
  if (long !== undefined) throw c.error(`axis ${long} of [${shape.join(", ")}] is not of length 1.`);
  return reshaped(
    value,
    shape.filter((d, i) => (axes ? !axes.includes(i) : d !== 1)),
  );
}

export function transposeOp(c: OpContext): Value {
  const value = c.value(0);
  const rank = shapeOf(value).length;
  const perm = c.ints("perm") ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  if ([...perm].sort((a, b) => a - b).join() !== [...perm.keys()].join() || perm.length !== rank)
    throw c.error(`perm [${perm.join(", ")}] is no order of ${rank} axes.`);
  if (value.kind === "host") return hostTransposed(value.array, perm);
  const node = transpose(value.node, perm);
  if (value.kind === "data") return data(node);
  return turned(value, perm);
}

function hostTransposed({ shape: from, data: values, float }: HostArray, perm: readonly number[]): Value {
  const shape = perm.map((axis) => from[axis]);
  const stride = from.map((_, axis) => sizeOf(from.slice(axis + 1)));
  const moved = Float64Array.from({ length: values.length }, (_, flat) => {
    let [rest, at] = [flat, 0];
    for (let i = shape.length - 1; i >= 0; i--) {
      at += (rest % shape[i]) * stride[perm[i]];
      rest = Math.floor(rest / shape[i]);
    }
    return values[at];
  });
  return host(shape, moved, float);
}

/** Another name for a parameter is a parameter of its own: PyTorch writes equal starting values once. */
export function identity(c: OpContext): Value {
  const value = c.value(0);
  if (value.kind !== "parameter") return value;
  const name = c.at.outputs[0];
  return value.back === unmoved ? { ...value, name, node: c.graph.input(name, value.own) } : value;
}

export const shape = (c: OpContext): Value => {
  const all = shapeOf(c.value(0));
  // start and end as Python's slices take them, from opset 15 on.
  const dims = all.slice(c.int("start", 0), c.given("end") ? c.int("end", 0) : undefined);
  return host([dims.length], dims);
};

export function gather(c: OpContext): Value {
  const value = c.value(0);
  if (value.kind === "parameter") return gatherTable(c, value);
  const list = c.constantInput(1);
  const dims = shapeOf(value);
  const axis = c.axis(c.int("axis", 0), dims.length);
  const at = Array.from(list.data, (i) => c.index(i, dims[axis]));
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
  const [starts, ends] = [c.list("starts", 1), c.list("ends", 2)];
  if (!starts || starts.length !== ends?.length)
    throw c.error("its starts and ends are missing or differ in number.");
  const axes = (c.list("axes", 3) ?? starts.map((_, i) => i)).map((a) => c.axis(a, dims.length));
  const steps = c.list("steps", 4) ?? starts.map(() => 1);
  if (steps.some((s) => s !== 1)) throw c.error("steps other than 1 are not supported.");
  if (axes.length !== starts.length) throw c.error("its axes differ in number from its starts.");
  const range = (i: number): [number, number] => {
    const d = dims[axes[i]];
    const clamp = (v: number) => Math.min(d, Math.max(0, v < 0 ? v + d : v));
    const [from, to] = [clamp(starts[i]), clamp(ends[i])];
    return [from, Math.max(from, to)];
  };
  if (value.kind === "host" && dims.length === 1 && starts.length === 1) {
    const kept = Array.from(value.array.data).slice(...range(0));
    return host([kept.length], kept, value.array.float);
  }
  return data(
    axes.reduce((at, axis, i) => slice(at, axis, range(i)[0], range(i)[1] - range(i)[0]), c.node(0)),
  );
}

export function split(c: OpContext): Value[] {
  const x = c.node(0);
  const axis = c.axis(c.int("axis", 0), x.shape.length);
  const count = c.at.outputs.length;
  if (c.given("num_outputs") && c.int("num_outputs", 0) !== count)
    throw c.error(`num_outputs is not the ${count} outputs it has.`);
  // The last part may be smaller, from opset 18 on.
  const part = Math.ceil(x.shape[axis] / count);
  const sizes =
    c.list("split", 1) ?? Array.from({ length: count }, (_, i) => Math.min(part, x.shape[axis] - i * part));
  if (
    sizes.length !== count ||
    sizes.reduce((a, b) => a + b, 0) !== x.shape[axis] ||
    sizes.some((size) => size < 0)
  )
    throw c.error(`parts [${sizes.join(", ")}] do not make the ${x.shape[axis]} of axis ${axis}.`);
  let start = 0;
  return sizes.map((size) => {
    const part = slice(x, axis, start, size);
    start += size;
    return data(part);
  });
}

export function concatOp(c: OpContext): Value {
  const values = c.at.inputs.map((_, i) => c.value(i));
  const axis = c.int("axis", 0);
  if (values.every((v) => v.kind === "host" && v.array.shape.length === 1)) {
    const all = values.flatMap((v) => (v.kind === "host" ? Array.from(v.array.data) : []));
    return host(
      [all.length],
      all,
      values.some((v) => v.kind === "host" && v.array.float),
    );
  }
  const nodes = c.at.inputs.map((_, i) => c.node(i));
  return data(concat(nodes, c.axis(axis, nodes[0].shape.length)));
}

/** Zeros around the data. */
export function padOp(c: OpContext): Value {
  const x = c.node(0);
  const pads = c.list("pads", 1) ?? [];
  const filling = c.has(2) ? c.number(2) : c.float("value", 0);
  const mode = c.text("mode");
  if (!["", "constant"].includes(mode) || filling !== 0)
    throw c.error(
      `only padding with zeros is supported; found mode "${mode || "constant"}", constant_value ${filling}.`,
    );
  const rank = x.shape.length;
  if (c.has(3)) throw c.error("padding of chosen axes is not supported.");
  if (pads.length !== 2 * rank || pads.some((p) => p < 0))
    throw c.error(`pads [${pads.join(", ")}] do not fit the ${rank} axes.`);
  return data(x.shape.reduce((at, _, axis) => pad(at, axis, pads[axis], pads[axis + rank]), x));
}

export function expand(c: OpContext): Value {
  const value = c.value(0);
  const from = shapeOf(value);
  const asked = Array.from(c.constantInput(1).data);
  const { exported, n } = c.build;
  // A model exported for a fixed number of examples has that number in its shapes: ours takes its place.
  const first = asked.length > from.length ? 1 : from[0];
  if (asked[0] === exported && (value.kind === "data" ? first === n : first === 1)) asked[0] = n;
  const to = broadcastShape("expand", from, asked);
  checkSize(c, to);
  if (value.kind === "parameter") return expandParameter(c, value, to);
  if (value.kind === "host" && value.array.data.length === 1)
    return host(to, new Float64Array(sizeOf(to)).fill(value.array.data[0]), value.array.float);
  return data(broadcastTo(c.node(0), to));
}

/** A parameter laid over every example, such as a class token: it acts where it is laid down. */
function expandParameter(c: OpContext, value: ParameterValue, to: readonly number[]): Value {
  const axis = c.exampleAxis(c.at.outputs[0]);
  const from = value.node.shape;
  const copies = from.length === to.length && from.every((d, i) => d === to[i]);
  // One example alone has the length of the parameter's own axis; it is theirs all the same, as more of them will show.
  const alone = c.build.searching && c.build.n === 1 && to[0] === 1;
  if (copies && axis === undefined && !alone) return value;
  if (axis === undefined && !c.build.searching) {
    const aligned = [...to.map(() => 1).slice(from.length), ...from];
    const wide = to.flatMap((d, i) => (d !== aligned[i] ? [i + 1] : []));
    return {
      ...value,
      node: broadcastTo(value.node, to),
      forth: (d) => broadcastTo(reshape(value.forth(d), [d.shape[0], ...aligned]), [d.shape[0], ...to]),
      back: (d) => value.back(reshape(sum(d, wide), [d.shape[0], ...from])),
    };
  }
  const ground = c.graph.fixed(new Float32Array(sizeOf(to)), to);
  return data(c.elementwiseOn({ x: ground, batch: axis ?? 0, parameter: value, f: add, shape: from }));
}

const elementType = { FLOAT: 1, FLOAT16: 10, DOUBLE: 11, BFLOAT16: 16 } as const;
const isFloat = (type: number): boolean => (Object.values(elementType) as number[]).includes(type);

/** Data stays as it is, so what is cast to integers may only be moved about and look up rows of a table, which asks for whole numbers. */
export function cast(c: OpContext): Value {
  const value = c.value(0);
  const float = isFloat(c.int("to", elementType.FLOAT));
  // They say how to round to eight-bit floats.
  c.ignoreAttributes("saturate", "round_mode");
  if (value.kind !== "host") {
    if (!float) c.build.wholes.add(c.at.outputs[0]);
    return value;
  }
  const { shape: dims, data: values } = value.array;
  return host(dims, float ? values : Float64Array.from(values, Math.trunc), float);
}

/** As `cast`, to the type of another value. */
export function castLike(c: OpContext): Value {
  const [value, like] = [c.value(0), c.value(1)];
  c.ignoreAttributes("saturate", "round_mode");
  if (value.kind !== "host") return value;
  const { shape: dims, data: values } = value.array;
  const float = like.kind !== "host" || like.array.float;
  return host(dims, float ? values : Float64Array.from(values, Math.trunc), float);
}

export function constantOfShape(c: OpContext): Value {
  const dims = Array.from(c.constantInput(0).data);
  checkSize(c, dims);
  const tensor: HostArray | undefined = c.tensor("value");
  return host(dims, new Float64Array(sizeOf(dims)).fill(tensor?.data[0] ?? 0), tensor?.float ?? true);
}

const list = (values: readonly number[], float: boolean): HostArray => ({
  shape: [values.length],
  data: values,
  float,
});

/** The one of its attributes that is given, whatever type it has. */
export function constant(c: OpContext): Value {
  const kinds: readonly [string, () => HostArray | undefined][] = [
    ["value", () => c.tensor("value")],
    ["value_float", () => ({ shape: [], data: [c.float("value_float", 0)], float: true })],
    ["value_int", () => ({ shape: [], data: [c.int("value_int", 0)], float: false })],
    ["value_floats", () => list(c.floats("value_floats") ?? [], true)],
    ["value_ints", () => list(c.ints("value_ints") ?? [], false)],
  ];
  const array = kinds.find(([name]) => c.given(name))?.[1]();
  if (!array) {
    const given = [...c.at.attributes.keys()].join(", ") || "nothing";
    throw c.error(`it gives ${given}; expected a tensor, numbers or one number.`);
  }
  return { kind: "host", array };
}

/** Of constants, the shape arithmetic of exporters; and of data, c ⊙ a + (1 − c) ⊙ b with c of zeros and ones. */
export function where(c: OpContext): Value {
  if ([0, 1, 2].some((i) => c.value(i).kind === "data")) {
    for (const i of [1, 2]) {
      const value = c.value(i);
      if (value.kind === "host" && !Array.from(value.array.data).every(Number.isFinite))
        throw c.error("a choice of infinity or NaN is not supported.");
    }
    const [chosen, yes, no] = [0, 1, 2].map((i) => c.node(i));
    return data(add(mul(chosen, yes), mul(add(neg(chosen), 1), no)));
  }
  const [condition, yes, no] = [0, 1, 2].map((i) => c.constantInput(i));
  const longest = [condition, yes, no].reduce((a, b) => (a.data.length >= b.data.length ? a : b));
  const at = (array: HostArray, i: number): number => array.data[array.data.length === 1 ? 0 : i];
  if ([condition, yes, no].some(({ data: { length } }) => length !== 1 && length !== longest.data.length))
    throw c.error("constants of these shapes are not supported.");
  const values = Array.from(longest.data, (_, i) => (at(condition, i) ? at(yes, i) : at(no, i)));
  return host(longest.shape, values, yes.float || no.float);
}

export function range(c: OpContext): Value {
  const [start, limit, step] = [0, 1, 2].map((i) => c.number(i));
  const length = Math.max(0, Math.ceil((limit - start) / step));
  checkSize(c, [length]);
  return host(
    [length],
    Float64Array.from({ length }, (_, i) => start + i * step),
    c.constantInput(0).float,
  );
}
