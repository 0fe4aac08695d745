// Graphs in float64 by plain loops over indices: slow, and what a float32 engine's answers are compared with.
import { inputOp, reachable, sizeOf, type Graph, type Node, type Shape } from "../../src/graph/node";

type Values = Float64Array;
interface Given {
  readonly values: Values;
  readonly shape: Shape;
}
interface Window {
  readonly stride: number;
  readonly padding: number;
  readonly groups: number;
}

/** Row-major strides; 0 along axes of length 1, which broadcast. */
const stridesOf = (shape: Shape): number[] =>
  shape.map((length, i) => (length === 1 ? 0 : sizeOf(shape.slice(i + 1))));

/** Every index of a shape in order. */
function eachIndex(shape: Shape, f: (index: readonly number[], at: number) => void): void {
  const index = shape.map(() => 0);
  for (let at = 0; at < sizeOf(shape); at++) {
    f(index, at);
    for (let i = shape.length - 1; i >= 0 && ++index[i] === shape[i]; i--) index[i] = 0;
  }
}

/** Σ stride · index over the last axes. */
const offset = (strides: readonly number[], index: readonly number[]): number =>
  strides.reduce((sum, stride, i) => sum + stride * index[index.length - strides.length + i], 0);

/** The entry of `x` at an index of a shape it broadcasts to. */
function broadcasting({ values, shape }: Given): (index: readonly number[]) => number {
  const strides = stridesOf(shape);
  return (index) => values[offset(strides, index)];
}

const made = (shape: Shape, valueAt: (index: readonly number[], at: number) => number): Values => {
  const out = new Float64Array(sizeOf(shape));
  eachIndex(shape, (index, at) => (out[at] = valueAt(index, at)));
  return out;
};

/** Where a node's entries come from; a dense matrix evaluates the same nodes for every unit vector. */
const places = new WeakMap<Node, Int32Array>();

function placesOf(node: Node, find: () => readonly number[]): Int32Array {
  const known = places.get(node) ?? Int32Array.from(find());
  places.set(node, known);
  return known;
}

/** `placeAt` of every index of a shape. */
function across(shape: Shape, placeAt: (index: readonly number[]) => number): number[] {
  const out: number[] = [];
  eachIndex(shape, (index) => out.push(placeAt(index)));
  return out;
}

const gathered = (node: Node, values: Values, placeAt: (index: readonly number[]) => number): Values =>
  Float64Array.from(
    placesOf(node, () => across(node.shape, placeAt)),
    (place) => values[place],
  );

/** Σ values[from] into [to], over pairs. */
function scattered(node: Node, values: Values, pairs: () => readonly number[]): Values {
  const out = new Float64Array(sizeOf(node.shape));
  const at = placesOf(node, pairs);
  for (let i = 0; i < at.length; i += 2) out[at[i + 1]] += values[at[i]];
  return out;
}

/** erf by its series, and by the continued fraction of erfc where that converges faster. */
function erf64(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let [term, sum] = [a, a];
    for (let k = 1; Math.abs(term) > 1e-18 * sum; k++) sum += (term *= (-a * a) / k) / (2 * k + 1);
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = k / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * (a + fraction)));
}

const unary: Readonly<Record<string, (x: number) => number>> = {
  neg: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  reciprocal: (x) => 1 / x,
  sqrt: Math.sqrt,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  bell: (x) => 1 / (2 * Math.cosh(x / 2)) ** 2,
  softplus: (x) => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x))),
  erf: erf64,
  step: (x) => (x > 0 ? 1 : 0),
  relu: (x) => Math.max(0, x),
};
const binary: Readonly<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
};

/** Places of every product of a convolution, three a product: in x [n, c, h, w], w [o, c/groups, kh, kw] and y [n, o, h′, w′]. */
function productsOf(
  { x, w, y }: { readonly x: Shape; readonly w: Shape; readonly y: Shape },
  { stride, padding, groups }: Window,
): number[] {
  const out: number[] = [];
  eachIndex([y[0], y[1], y[2], y[3], w[1], w[2], w[3]], ([n, o, i, j, c, a, b]) => {
    const [row, column] = [i * stride - padding + a, j * stride - padding + b];
    if (row < 0 || row >= x[2] || column < 0 || column >= x[3]) return;
    const channel = Math.floor(o / (y[1] / groups)) * w[1] + c;
    out.push(
      ((n * x[1] + channel) * x[2] + row) * x[3] + column,
      ((o * w[1] + c) * w[2] + a) * w[3] + b,
      ((n * y[1] + o) * y[2] + i) * y[3] + j,
    );
  });
  return out;
}

const joined = (parts: readonly Given[]): Values =>
  Float64Array.from(parts.flatMap(({ values }) => [...values]));

/** Σ p · q into out, over places: three a product, those of p, q and out first, second and third in `order`. */
function products(
  node: Node,
  [p, q]: readonly Values[],
  order: readonly number[],
  find: () => readonly number[],
): Values {
  const out = new Float64Array(sizeOf(node.shape));
  const at = placesOf(node, find);
  const [inP, inQ, inOut] = order;
  for (let i = 0; i < at.length; i += 3) out[at[i + inOut]] += p[at[i + inP]] * q[at[i + inQ]];
  return out;
}

/** Places of every product of a matrix product, three a product, k last. */
function matmulProducts([a, b]: readonly Shape[], node: Node): number[] {
  const { ta, tb } = attrsOf<{ ta: boolean; tb: boolean }>(node);
  const depth = a[a.length - (ta ? 2 : 1)];
  const [ofA, ofB] = [stridesOf(a), stridesOf(b)];
  const out: number[] = [];
  eachIndex(node.shape, (index, at) => {
    const batch = index.slice(0, -2);
    const [i, j] = index.slice(-2);
    for (let k = 0; k < depth; k++)
      out.push(
        offset(ofA, [...batch, ...(ta ? [k, i] : [i, k])]),
        offset(ofB, [...batch, ...(tb ? [j, k] : [k, j])]),
        at,
      );
  });
  return out;
}

function eachRow(x: Given, width: number, row: (values: Values, i: number, out: Values) => void): Values {
  const size = x.shape[x.shape.length - 1];
  const rows = x.values.length / size;
  const out = new Float64Array(rows * width);
  for (let i = 0; i < rows; i++)
    row(x.values.subarray(i * size, (i + 1) * size), i, out.subarray(i * width, (i + 1) * width));
  return out;
}

/** log(e^beside + Σ e^row). */
function logSum(row: Values, beside = -Infinity): number {
  const top = row.reduce((a, b) => Math.max(a, b), beside);
  if (beside === 0 && top === 0) return Math.log1p(row.reduce((sum, x) => sum + Math.exp(x), 0));
  return top + Math.log(row.reduce((sum, x) => sum + Math.exp(x - top), Math.exp(beside - top)));
}

type Rule = (inputs: readonly Given[], node: Node, graph: Graph) => Values;
const attrsOf = <A>(node: Node): A => node.attrs as A;

const rules: Readonly<Record<string, Rule>> = {
  constant: (_, node) => new Float64Array(sizeOf(node.shape)).fill(attrsOf<{ value: number }>(node).value),
  fixed: (_, node, graph) => Float64Array.from(graph.arrays[attrsOf<{ array: number }>(node).array]),
  reshape: ([x]) => x.values,
  broadcast: ([x], node) => {
    const strides = stridesOf(x.shape);
    return gathered(node, x.values, (index) => offset(strides, index));
  },
  sum: ([x], node) => {
    const strides = stridesOf(node.shape);
    return scattered(node, x.values, () => {
      const out: number[] = [];
      eachIndex(x.shape, (index, at) => out.push(at, offset(strides, index)));
      return out;
    });
  },
  transpose: ([x], node) => {
    const { perm } = attrsOf<{ perm: readonly number[] }>(node);
    const strides = x.shape.map((_, i) => sizeOf(x.shape.slice(i + 1)));
    return gathered(node, x.values, (index) =>
      perm.reduce((sum, axis, i) => sum + strides[axis] * index[i], 0),
    );
  },
  slice: ([x], node) => {
    const { axis, start } = attrsOf<{ axis: number; start: number }>(node);
    const strides = x.shape.map((_, i) => sizeOf(x.shape.slice(i + 1)));
    return gathered(node, x.values, (index) =>
      strides.reduce((sum, stride, i) => sum + stride * (index[i] + (i === axis ? start : 0)), 0),
    );
  },
  pad: ([x], node) => {
    const { axis, before } = attrsOf<{ axis: number; before: number }>(node);
    const strides = x.shape.map((_, i) => sizeOf(x.shape.slice(i + 1)));
    return scattered(node, x.values, () => {
      const out: number[] = [];
      eachIndex(node.shape, (index, to) => {
        const at = index[axis] - before;
        if (at < 0 || at >= x.shape[axis]) return;
        out.push(
          strides.reduce((sum, stride, i) => sum + stride * (i === axis ? at : index[i]), 0),
          to,
        );
      });
      return out;
    });
  },
  matmul: ([a, b], node) =>
    products(node, [a.values, b.values], [0, 1, 2], () => matmulProducts([a.shape, b.shape], node)),
  conv: ([x, w], node) =>
    products(node, [x.values, w.values], [0, 1, 2], () =>
      productsOf({ x: x.shape, w: w.shape, y: node.shape }, attrsOf<Window>(node)),
    ),
  convInput: (inputs, node) => {
    const [ys, ws] = [0, 1].map((odd) => inputs.filter((_, i) => i % 2 === odd));
    const find = (): number[] => {
      let [ofY, ofW] = [0, 0];
      return ys.flatMap((y, i) => {
        const own = productsOf({ x: node.shape, w: ws[i].shape, y: y.shape }, attrsOf<Window>(node)).map(
          (place, j) => place + [0, ofW, ofY][j % 3],
        );
        [ofY, ofW] = [ofY + y.values.length, ofW + ws[i].values.length];
        return own;
      });
    };
    return products(node, [joined(ys), joined(ws)], [2, 1, 0], find);
  },
  convFilter: ([x, y], node) =>
    products(node, [x.values, y.values], [0, 2, 1], () =>
      productsOf({ x: x.shape, w: node.shape, y: y.shape }, attrsOf<Window>(node)),
    ),
  softmax: ([x], node) =>
    eachRow(x, node.shape[node.shape.length - 1], (row, _i, out) => {
      const total = logSum(row);
      row.forEach((value, k) => (out[k] = Math.exp(value - total)));
    }),
  softmaxRest: ([x], node) =>
    eachRow(x, node.shape[node.shape.length - 1], (row, _i, out) => {
      const total = logSum(row, 0);
      row.forEach((value, k) => (out[k] = Math.exp(value - total)));
    }),
  logSumExp: ([x]) => eachRow(x, 1, (row, _i, out) => (out[0] = logSum(row))),
  logOnePlusSumExp: ([x]) => eachRow(x, 1, (row, _i, out) => (out[0] = logSum(row, 0))),
  windowMax: ([x], node) => {
    const { size } = attrsOf<{ size: number }>(node);
    const at = broadcasting(x);
    return made(node.shape, ([n, c, i, j]) => {
      const [top, left] = [i - (i % size), j - (j % size)];
      if (top + size > node.shape[2] || left + size > node.shape[3]) return 0;
      const window = Array.from({ length: size * size }, (_, p) =>
        at([n, c, top + Math.floor(p / size), left + (p % size)]),
      );
      return window.indexOf(Math.max(...window)) === (i % size) * size + (j % size) ? 1 : 0;
    });
  },
  oneHotMax: ([x], node) => {
    const { axis } = attrsOf<{ axis: number }>(node);
    const at = broadcasting(x);
    return made(node.shape, (index) => {
      const along = Array.from({ length: x.shape[axis] }, (_, k) =>
        at(index.map((own, i) => (i === axis ? k : own))),
      );
      return along.indexOf(Math.max(...along)) === index[axis] ? 1 : 0;
    });
  },
  oneHot: ([x], node) => {
    const { depth } = attrsOf<{ depth: number }>(node);
    return made(node.shape, (_, at) => (x.values[Math.floor(at / depth)] === at % depth ? 1 : 0));
  },
};

function valueOf(node: Node, known: ReadonlyMap<Node, Values>): Values {
  if (node.op === inputOp) throw new Error(`no values for an input of shape [${node.shape}]`);
  const inputs = node.inputs.map((input) => ({ values: known.get(input)!, shape: input.shape }));
  const { name } = node.op;
  const one = unary[name];
  if (one) return inputs[0].values.map(one);
  const two = binary[name];
  if (two) {
    const [a, b] = inputs;
    const [ofA, ofB] = [stridesOf(a.shape), stridesOf(b.shape)];
    const at = placesOf(node, () => {
      const out: number[] = [];
      eachIndex(node.shape, (index) => out.push(offset(ofA, index), offset(ofB, index)));
      return out;
    });
    return new Float64Array(at.length / 2).map((_, i) => two(a.values[at[2 * i]], b.values[at[2 * i + 1]]));
  }
  const rule = rules[name];
  if (!rule) throw new Error(`no float64 rule for ${name}`);
  return rule(inputs, node, node.graph);
}

/** Outputs as functions of some inputs, the others fixed: what does not depend on the former is computed once. */
export function function64(
  outputs: readonly Node[],
  fixed: ReadonlyMap<Node, Values>,
  free: readonly Node[],
): (values: readonly Values[]) => Values[] {
  const known = new Map(fixed);
  const moving = new Set(free);
  const later: Node[] = [];
  for (const node of reachable(outputs, new Set([...fixed.keys(), ...free]))) {
    if (known.has(node) || moving.has(node)) continue;
    if (node.inputs.some((input) => moving.has(input))) {
      moving.add(node);
      later.push(node);
    } else known.set(node, valueOf(node, known));
  }
  return (values) => {
    const all = new Map(known);
    free.forEach((node, i) => all.set(node, values[i]));
    for (const node of later) all.set(node, valueOf(node, all));
    return outputs.map((node) => all.get(node)!);
  };
}

/** Values of `outputs`, given those of every input they reach. */
export const evaluate64 = (outputs: readonly Node[], feeds: ReadonlyMap<Node, Values>): Values[] =>
  function64(outputs, feeds, [])([]);
