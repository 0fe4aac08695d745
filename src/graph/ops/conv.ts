// Two-dimensional convolution: three ops that are the three partial transposes of one trilinear form ⟨y, x ∗ w⟩.
import { constantOf, type Node, type Op, type Sample, type Shape } from "../node";
import type { OnnxEmitter, Tf, TfTensor } from "../lowering";

/** Window of a convolution; `stride` and `padding` are the same for height and width. */
export interface Window {
  readonly stride: number;
  /** Zeros added on every side. */
  readonly padding: number;
  /** Channels are split into this many independent groups. */
  readonly groups: number;
}

interface Transposed extends Window {
  /** Shape the transposed ops give back: that of x for convInput, of w for convFilter. */
  readonly to: Shape;
}

/** Length after a window of `kernel` slid over `size`: ⌊(size + 2·padding − kernel)/stride⌋ + 1. */
export const slid = (
  size: number,
  kernel: number,
  { stride, padding }: Pick<Window, "stride" | "padding">,
): number => Math.floor((size + 2 * padding - kernel) / stride) + 1;

function convShape(x: Shape, w: Shape, a: Window): Shape {
  if (x.length !== 4 || w.length !== 4)
    throw new Error(`internal: conv: wants x [n, c, h, w] and w [o, c, h, w], got [${x}] and [${w}]`);
  if (x[1] !== w[1] * a.groups || w[0] % a.groups !== 0)
    throw new Error(`internal: conv: axis 1 of [${x}] does not fit [${w}] in ${a.groups} groups`);
  return [x[0], w[0], slid(x[2], w[2], a), slid(x[3], w[3], a)];
}

const onnxWindow = ({ stride, padding, groups }: Window) => ({
  strides: [stride, stride],
  pads: [padding, padding, padding, padding],
  group: groups,
});

/** y = x ∗ w, x [n, c, h, w], w [o, c/groups, kh, kw] (PyTorch's layout) → [n, o, h′, w′]. */
export const convOp: Op<Window> = {
  name: "conv",
  shape: ([x, w], attrs) => convShape(x, w, attrs),
  simplify: (graph, [x, w], attrs) =>
    constantOf(x) === 0 || constantOf(w) === 0 ? graph.constant(0, convShape(x.shape, w.shape, attrs)) : null,
  vjp: ({ ct, inputs: [x, w], attrs }) => [
    convInput(ct, w, attrs, x.shape),
    convFilter(x, ct, attrs, w.shape),
  ],
  onnx: (emit, [x, w], node) => emit.node("Conv", [x, w], onnxWindow(node.attrs)),
  tf: (tf, [x, w], node) => {
    const { attrs: a } = node;
    return inGroups(
      tf,
      {
        groups: a.groups,
        a: x,
        b: w,
        channels: [node.inputs[0].shape[1], node.inputs[1].shape[0]],
        bAxis: 0,
      },
      (gx, gw) => tfConv(tf, gx, gw, a),
    );
  },
  samples: windows(({ x, w }, attrs) => ({ shapes: [x, w], attrs })),
};

/** The pairs [y, w], one after the other, that the inputs of a `convInput` are. */
const pairsOf = <T>(inputs: readonly T[]): (readonly [y: T, w: T])[] =>
  Array.from({ length: inputs.length / 2 }, (_, i) => [inputs[2 * i], inputs[2 * i + 1]]);

/**
 * The transpose in x: x̄ [n, c, h, w] from ȳ [n, o, h′, w′] and w, PyTorch's conv_transpose2d; summed over pairs of ȳ and w. Several pairs are
 * one convolution with all their filters: windows are spread over x̄ once.
 */
const convInputOp: Op<Transposed> = {
  name: "convInput",
  shape: (_inputs, attrs) => attrs.to,
  simplify: (graph, inputs, attrs) => {
    const zero = (node: Node): boolean => constantOf(node) === 0;
    const rest = pairsOf(inputs).filter(([y, w]) => !zero(y) && !zero(w));
    if (rest.length === 0) return graph.constant(0, attrs.to);
    return 2 * rest.length < inputs.length ? graph.make(convInputOp, rest.flat(), attrs) : null;
  },
  vjp: ({ ct, inputs, attrs }) =>
    pairsOf(inputs).flatMap(([y, w]) => [conv(ct, w, attrs), convFilter(ct, y, attrs, w.shape)]),
  plus: (a, b) => {
    const size = (node: Node): string => JSON.stringify([node.inputs[1].shape.slice(2), node.attrs]);
    return a.attrs.groups === 1 && size(a) === size(b)
      ? a.graph.make(convInputOp, [...a.inputs, ...b.inputs], a.attrs)
      : null;
  },
  onnx: (emit, inputs, node) => {
    const { attrs: a } = node;
    const [{ shape: ys }, { shape: ws }] = node.inputs;
    const pairs = pairsOf(inputs);
    const beside = (names: readonly string[], axis: number): string =>
      names.length === 1 ? names[0] : emit.node("Concat", names, { axis });
    const y = beside(
      pairs.map(([own]) => own),
      1,
    );
    const w = beside(
      pairs.map(([, own]) => own),
      0,
    );
    if (turnsRound(node)) return emit.node("Conv", [y, turnedRound(emit, w)], onnxWindow(a));
    // Rows of x that no window reached, because the stride does not divide the size.
    const left = [2, 3].map((i) => node.shape[i] + 2 * a.padding - ws[i] - a.stride * (ys[i] - 1));
    return emit.node("ConvTranspose", [y, w], { ...onnxWindow(a), output_padding: left });
  },
  tf: (tf, inputs, node) => {
    const shapes = pairsOf(node.inputs);
    const parts = pairsOf(inputs).map((pair, i) => tfConvInput(tf, pair, shapes[i], node));
    return parts.reduce((a, b) => tf.add(a, b));
  },
  samples: [
    ...windows<Transposed>(({ x, w, y }, window) => ({ shapes: [y, w], attrs: { ...window, to: x } })),
    {
      shapes: [
        [2, 3, 2, 3],
        [3, 2, 3, 3],
        [2, 1, 2, 3],
        [1, 2, 3, 3],
      ],
      attrs: { stride: 2, padding: 1, groups: 1, to: [2, 2, 4, 5] },
    },
    // Channels enough to turn the filters round.
    {
      shapes: [
        [1, 2, 3, 4],
        [2, 16, 3, 3],
        [1, 1, 3, 4],
        [1, 16, 3, 3],
      ],
      attrs: { stride: 1, padding: 1, groups: 1, to: [1, 16, 3, 4] },
    },
  ],
};

/**
 * Channels of x from which on a transposed convolution that keeps the image's size is a convolution with the filters turned round: it takes
 * no longer on one thread, and the runtime divides it among several, which it does not with a transposed one.
 */
const channelsEnough = 16;

function turnsRound({ shape: [, c], inputs: [, { shape: w }], attrs }: Node<Transposed>): boolean {
  const [kh, kw] = w.slice(2).map((size) => size - 1);
  const keepsSize = kh === 2 * attrs.padding && kw === 2 * attrs.padding;
  return attrs.stride === 1 && attrs.groups === 1 && keepsSize && c >= channelsEnough;
}

/** [o, c, kh, kw] → [c, o, kh, kw] with rows and columns in reverse. */
function turnedRound(emit: OnnxEmitter, w: string): string {
  const reversed = emit.node("Slice", [
    w,
    emit.ints([-1, -1]),
    emit.ints([-(2 ** 31), -(2 ** 31)]),
    emit.ints([2, 3]),
    emit.ints([-1, -1]),
  ]);
  return emit.node("Transpose", [reversed], { perm: [1, 0, 2, 3] });
}

/** One pair's share of a `convInput`. */
function tfConvInput(
  tf: Tf,
  [y, w]: readonly [TfTensor, TfTensor],
  [{ shape: ys }, { shape: ws }]: readonly [Node, Node],
  { attrs: a, shape: [n, c, height, width] }: Node<Transposed>,
): TfTensor {
  return inGroups(tf, { groups: a.groups, a: y, b: w, channels: [ys[1], ws[0]], bAxis: 0 }, (gy, gw) => {
    const padded = [n, height + 2 * a.padding, width + 2 * a.padding, c / a.groups] as const;
    const full = tf.conv2dTranspose(
      tf.transpose(gy, [0, 2, 3, 1]),
      tf.transpose(gw, [2, 3, 1, 0]),
      padded,
      a.stride,
      "valid",
    );
    const cut = tf.slice(full, [0, a.padding, a.padding, 0], [n, height, width, c / a.groups]);
    return tf.transpose(cut, [0, 3, 1, 2]);
  });
}

/** The transpose in w: w̄ [o, c/groups, kh, kw] from x and ȳ. */
export const convFilterOp: Op<Transposed> = {
  name: "convFilter",
  shape: (_inputs, attrs) => attrs.to,
  simplify: (graph, [x, y], attrs) =>
    constantOf(x) === 0 || constantOf(y) === 0 ? graph.constant(0, attrs.to) : null,
  vjp: ({ ct, inputs: [x, y], attrs }) => [convInput(y, ct, attrs, x.shape), conv(x, ct, attrs)],
  onnx: (emit, [x, y], node) => filterOnnx(emit, x, y, node),
  tf: (tf, [x, y], node) => {
    const { attrs: a } = node;
    const [{ shape: xs }, { shape: ys }] = node.inputs;
    const [, , kh, kw] = node.shape;
    return inGroups(tf, { groups: a.groups, a: x, b: y, channels: [xs[1], ys[1]], bAxis: 1 }, (gx, gy) => {
      // tfjs has no gradient for dilated convolutions: zeros between the entries of ȳ do the same.
      const image = tf.pad(tf.transpose(gx, [1, 2, 3, 0]), square(a.padding));
      const kernel = spread(
        tf,
        tf.transpose(gy, [2, 3, 0, 1]),
        [ys[2], ys[3], ys[0], ys[1] / a.groups],
        a.stride,
      );
      const out = tf.conv2d(image, kernel, 1, "valid");
      const cut = tf.slice(out, [0, 0, 0, 0], [xs[1] / a.groups, kh, kw, ys[1] / a.groups]);
      return tf.transpose(cut, [3, 0, 1, 2]);
    });
  },
  samples: windows(({ x, w, y }, window) => ({ shapes: [x, y], attrs: { ...window, to: w } })),
};

/** Numbers of a window up to which windows are written side by side by a convolution with one filter for each. */
export const widestWindow = 144;

/** Numbers of a filter from which on they are columns enough for a convolution over the batch, which needs less memory. */
const columnsEnough = 16;

/**
 * Whether windows are the left operand of their product with the signals ȳ of so many filters. The runtime copies the right operand before it
 * multiplies: 0.70 ms against 1.13 for 64 examples of 32 filters on 144 numbers; with few filters the rows of a product are too short.
 */
export const windowsFirst = (filters: number): boolean => filters >= 16;

/** Filters [c·kh·kw, 1, kh, kw] that pick one number each: a convolution with them in c groups puts the windows of x side by side. */
export function picking(c: number, kh: number, kw: number): Float32Array {
  const size = kh * kw;
  const filters = new Float32Array(c * size * size);
  for (let i = 0; i < c * size; i++) filters[i * size + (i % size)] = 1;
  return filters;
}

/**
 * Bytes of windows that are written side by side at once: more of them leave the processor's cache before they are multiplied. A CNN's gradient
 * over 1000 images takes 85 ms in pieces where it took 94.
 */
const windowBytes = 4 * 2 ** 20;

/**
 * w̄ as a matrix product for each example, of ȳ with the windows of x side by side, summed over the examples, some of them at a time: a
 * convolution over the batch has as many columns as the filter has numbers, nine for 3 × 3, too few to keep a processor busy.
 */
function filterOnnx(emit: OnnxEmitter, x: string, y: string, node: Node<Transposed>): string {
  const { stride, padding, groups: g } = node.attrs;
  const [{ shape: xs }, { shape: ys }] = node.inputs;
  const [n, c] = xs;
  const [o, per, kh, kw] = node.shape;
  if (kh * kw > columnsEnough) return filterByConvolution(emit, x, y, node);
  const filters = emit.floats(picking(c, kh, kw), [c * kh * kw, 1, kh, kw]);
  const places = ys[2] * ys[3];
  const turned = (of: string, perm: readonly number[]): string => emit.node("Transpose", [of], { perm });
  const summed = (left: string, right: string): string => {
    const each = emit.node("MatMul", [left, turned(right, [0, 1, 3, 2])]);
    return emit.node("ReduceSum", [each, emit.ints([0])], { keepdims: 0 });
  };
  const most = Math.max(1, Math.floor(windowBytes / (4 * c * kh * kw * places)));
  const sums: string[] = [];
  for (let start = 0; start < n; start += most) {
    const end = Math.min(n, start + most);
    const piece = (of: string): string =>
      most >= n ? of : emit.node("Slice", [of, emit.ints([start]), emit.ints([end]), emit.ints([0])]);
    const windows = emit.node("Conv", [piece(x), filters], onnxWindow({ stride, padding, groups: c }));
    const rows = emit.node("Reshape", [windows, emit.ints([end - start, g, per * kh * kw, places])]);
    const signals = emit.node("Reshape", [piece(y), emit.ints([end - start, g, o / g, places])]);
    sums.push(windowsFirst(o / g) ? summed(rows, signals) : summed(signals, rows));
  }
  const sum = sums.length === 1 ? sums[0] : emit.node("Sum", sums);
  return emit.node("Reshape", [windowsFirst(o / g) ? turned(sum, [0, 2, 1]) : sum, emit.ints(node.shape)]);
}

/**
 * w̄ of a large window as a convolution of x with ȳ, batch and channels exchanged and the stride as dilation. Groups stay groups: x becomes
 * [c/g, g·n, h, w], so that channel block g holds the examples of group g.
 */
function filterByConvolution(emit: OnnxEmitter, x: string, y: string, node: Node<Transposed>): string {
  const { stride, padding, groups: g } = node.attrs;
  const [{ shape: xs }, { shape: ys }] = node.inputs;
  const [n, c, h, w] = xs;
  const [, , kh, kw] = node.shape;
  const grouped = emit.node("Reshape", [x, emit.ints([n, g, c / g, h, w])]);
  const moved = emit.node("Transpose", [grouped], { perm: [2, 1, 0, 3, 4] });
  const image = emit.node("Reshape", [moved, emit.ints([c / g, g * n, h, w])]);
  const kernel = emit.node("Transpose", [y], { perm: [1, 0, 2, 3] });
  const out = emit.node("Conv", [image, kernel], {
    dilations: [stride, stride],
    pads: [padding, padding, padding, padding],
    group: g,
  });
  const [oh, ow] = [2, 3].map((i) => xs[i] + 2 * padding - stride * (ys[i] - 1));
  const cut =
    oh === kh && ow === kw
      ? out
      : emit.node("Slice", [out, emit.ints([0, 0]), emit.ints([kh, kw]), emit.ints([2, 3])]);
  return emit.node("Transpose", [cut], { perm: [1, 0, 2, 3] });
}

const square = (p: number): [number, number][] => [
  [0, 0],
  [p, p],
  [p, p],
  [0, 0],
];

/** Valid convolution of a zero-padded x, in tfjs's channels-last layout and back. */
const tfConv = (tf: Tf, x: TfTensor, w: TfTensor, { stride, padding }: Window): TfTensor =>
  tf.transpose(
    tf.conv2d(
      tf.pad(tf.transpose(x, [0, 2, 3, 1]), square(padding)),
      tf.transpose(w, [2, 3, 1, 0]),
      stride,
      "valid",
    ),
    [0, 3, 1, 2],
  );

/** Zeros between the entries along the first two axes of a [h, w, a, b] tensor, so that neighbours stand `by` apart. */
function spread(tf: Tf, t: TfTensor, [h, w, a, b]: readonly number[], by: number): TfTensor {
  if (by === 1) return t;
  const wide = tf.pad(tf.reshape(t, [h, 1, w, 1, a, b]), [
    [0, 0],
    [0, by - 1],
    [0, 0],
    [0, by - 1],
    [0, 0],
    [0, 0],
  ]);
  return tf.slice(
    tf.reshape(wide, [h * by, w * by, a, b]),
    [0, 0, 0, 0],
    [(h - 1) * by + 1, (w - 1) * by + 1, a, b],
  );
}

interface Grouped {
  readonly groups: number;
  readonly a: TfTensor;
  readonly b: TfTensor;
  /** Channels of `a`, on its axis 1, and of `b`, on its axis `bAxis`. */
  readonly channels: readonly [a: number, b: number];
  /** 0 where `b` is a filter, 1 where it is an image. */
  readonly bAxis: 0 | 1;
}

/** Runs `convolve` on every group of channels and joins the results: along axis 0 if they are filters, that is if `b` is an image. */
function inGroups(
  tf: Tf,
  { groups, a, b, channels, bAxis }: Grouped,
  convolve: (a: TfTensor, b: TfTensor) => TfTensor,
): TfTensor {
  if (groups === 1) return convolve(a, b);
  const part = (t: TfTensor, axis: 0 | 1, size: number, g: number): TfTensor => {
    const step = size / groups;
    const begin = axis === 0 ? [g * step, 0, 0, 0] : [0, g * step, 0, 0];
    return tf.slice(t, begin, axis === 0 ? [step, -1, -1, -1] : [-1, step, -1, -1]);
  };
  const parts = Array.from({ length: groups }, (_, g) =>
    convolve(part(a, 1, channels[0], g), part(b, bAxis, channels[1], g)),
  );
  return tf.concat(parts, bAxis === 1 ? 0 : 1);
}

/** Samples of all three ops: plain, padded, strided with a rest, grouped, and a large window. */
function windows<A extends Window>(
  sample: (shapes: Readonly<Record<"x" | "w" | "y", Shape>>, window: Window) => Sample<A>,
): Sample<A>[] {
  const cases: readonly [x: Shape, w: Shape, window: Window][] = [
    [[2, 2, 4, 5], [3, 2, 2, 3], { stride: 1, padding: 0, groups: 1 }],
    [[2, 1, 4, 4], [2, 1, 3, 3], { stride: 1, padding: 1, groups: 1 }],
    [[2, 2, 6, 5], [2, 2, 3, 3], { stride: 2, padding: 1, groups: 1 }],
    [[2, 4, 3, 3], [2, 2, 2, 2], { stride: 1, padding: 0, groups: 2 }],
    [[2, 2, 7, 6], [2, 1, 5, 5], { stride: 2, padding: 2, groups: 2 }],
  ];
  return cases.map(([x, w, window]) => sample({ x, w, y: convShape(x, w, window) }, window));
}

const only = ({ stride, padding, groups }: Window): Window => ({ stride, padding, groups });

export const conv = (x: Node, w: Node, window: Window): Node => x.graph.make(convOp, [x, w], only(window));
const convInput = (y: Node, w: Node, window: Window, to: Shape): Node =>
  y.graph.make(convInputOp, [y, w], { ...only(window), to });
const convFilter = (x: Node, y: Node, window: Window, to: Shape): Node =>
  x.graph.make(convFilterOp, [x, y], { ...only(window), to });

export const convOps = [convOp, convInputOp, convFilterOp] as const;
