// Choices: a one-hot mark of the largest entry, one-hot codes of integers. Piecewise constant, so their derivative is zero.
import type { OnnxEmitter } from "../lowering";
import { sizeOf, type Node, type Op } from "../node";
import { mul } from "./arithmetic";
import { sum } from "./shape";

/**
 * 1 at the first largest entry along `axis`, 0 elsewhere. Where a maximum is not unique the first one is taken, as PyTorch's
 * max-pool does: that choice is the derivative used at the kink.
 */
const oneHotMaxOp: Op<{ readonly axis: number }> = {
  name: "oneHotMax",
  shape: ([x]) => x,
  vjp: () => [null],
  onnx: (emit, [x], node) => {
    const { axis } = node.attrs;
    const size = node.shape[axis];
    const at = emit.node("ArgMax", [x], { axis, keepdims: 0, select_last_index: 0 });
    return emit.node("OneHot", [at, emit.ints([size]), emit.floats([0, 1], [2])], { axis });
  },
  tf: (tf, [x], node) => {
    const { axis } = node.attrs;
    const hot = tf.oneHot(tf.argMax(x, axis), node.shape[axis]);
    // oneHot puts its axis last.
    const rank = node.shape.length;
    const perm = Array.from({ length: rank }, (_, i) => (i === axis ? rank - 1 : i < axis ? i : i - 1));
    return tf.transpose(hot, perm);
  },
  kernel: (emit, [x], node) => {
    const { axis } = node.attrs;
    const size = node.shape[axis];
    const inner = sizeOf(node.shape.slice(axis + 1));
    return emit.plain(x, node.shape, (values, out) => {
      out.fill(0);
      for (let start = 0; start < values.length; start += size * inner)
        for (let j = start; j < start + inner; j++) {
          let best = j;
          for (let k = 1; k < size; k++) if (values[j + k * inner] > values[best]) best = j + k * inner;
          out[best] = 1;
        }
    });
  },
  samples: [{ shapes: [[2, 4, 3]], attrs: { axis: 1 } }],
};

/** Whole numbers 0 … depth−1 as rows of the identity: [..] → [.., depth]. Other numbers give a row of zeros. */
const oneHotOp: Op<{ readonly depth: number }> = {
  name: "oneHot",
  shape: ([x], attrs) => [...x, attrs.depth],
  vjp: () => [null],
  onnx: (emit, [x], node) =>
    emit.node("OneHot", [x, emit.floats([node.attrs.depth], [1]), emit.floats([0, 1], [2])], {
      axis: -1,
    }),
  tf: (tf, [x], node) => tf.oneHot(tf.cast(x, "int32"), node.attrs.depth),
  kernel: (emit, [x], node) => {
    const { depth } = node.attrs;
    return emit.plain(x, node.shape, (values, out) => {
      for (let i = 0; i < out.length; i++) out[i] = values[Math.floor(i / depth)] === i % depth ? 1 : 0;
    });
  },
  samples: [{ shapes: [[2, 3]], attrs: { depth: 4 }, integers: true, range: [0, 3] }],
};

interface Square {
  readonly size: number;
}

/**
 * 1 at the first largest entry, in reading order, of every window of x [n, c, h, w], 0 elsewhere; windows of size × size side by side, what
 * they do not reach is 0.
 */
const windowMaxOp: Op<Square> = {
  name: "windowMax",
  shape: ([x]) => x,
  vjp: () => [null],
  onnx: (emit, [x], node) => {
    if (emit.portable) return firstLargestOnnx(emit, x, node);
    const {
      shape: [n, c, h, w],
      attrs: { size },
    } = node;
    const window = { kernel_shape: [size, size], strides: [size, size] };
    const at = emit.second("MaxPool", [x], window);
    const [rows, columns] = [Math.floor(h / size), Math.floor(w / size)];
    const ones = emit.node("Expand", [emit.floats([1], []), emit.ints([n, c, rows, columns])]);
    return emit.node("MaxUnpool", [ones, at, emit.ints(node.inputs[0].shape)], window);
  },
  tf: (tf, [x], { shape: [n, c, h, w], attrs: { size } }) => {
    const [rows, columns] = [Math.floor(h / size), Math.floor(w / size)];
    const cut = tf.slice(x, [0, 0, 0, 0], [n, c, rows * size, columns * size]);
    const parted = tf.transpose(tf.reshape(cut, [n * c, rows, size, columns, size]), [0, 1, 3, 2, 4]);
    const hot = tf.oneHot(tf.argMax(tf.reshape(parted, [n * c, rows, columns, size * size]), 3), size * size);
    const back = tf.transpose(tf.reshape(hot, [n * c, rows, columns, size, size]), [0, 1, 3, 2, 4]);
    return tf.pad(tf.reshape(back, [n, c, rows * size, columns * size]), [
      [0, 0],
      [0, 0],
      [0, h - rows * size],
      [0, w - columns * size],
    ]);
  },
  kernel: (emit, [x], { shape, attrs: { size } }) => {
    const [h, w] = shape.slice(2);
    return emit.plain(x, shape, (values, out) => {
      out.fill(0);
      for (let image = 0; image < values.length; image += h * w)
        for (let i = 0; i + size <= h; i += size)
          for (let j = 0; j + size <= w; j += size) {
            let best = image + i * w + j;
            for (let p = 0; p < size * size; p++) {
              const at = image + (i + Math.floor(p / size)) * w + j + (p % size);
              if (values[at] > values[best]) best = at;
            }
            out[best] = 1;
          }
    });
  },
  samples: [
    { shapes: [[2, 2, 4, 6]], attrs: { size: 2 } },
    { shapes: [[2, 1, 7, 4]], attrs: { size: 3 } },
    // Many are equal: the first one counts.
    { shapes: [[1, 2, 4, 4]], attrs: { size: 2 }, integers: true, range: [0, 1] },
  ],
};

/** The same by ArgMax over windows turned into rows. */
function firstLargestOnnx(
  emit: OnnxEmitter,
  x: string,
  { shape: [n, c, h, w], attrs: { size } }: Node<Square>,
): string {
  const [rows, columns] = [Math.floor(h / size), Math.floor(w / size)];
  const [high, wide] = [rows * size, columns * size];
  const shaped = (of: string, shape: readonly number[]): string =>
    emit.node("Reshape", [of, emit.ints(shape)]);
  const exchanged = (of: string): string => emit.node("Transpose", [of], { perm: [0, 1, 3, 2, 4] });
  const cut = emit.node("Slice", [x, emit.ints([0, 0]), emit.ints([high, wide]), emit.ints([2, 3])]);
  const parted = exchanged(shaped(cut, [n * c, rows, size, columns, size]));
  const at = emit.node("ArgMax", [shaped(parted, [n * c * rows * columns, size * size])], {
    axis: 1,
    keepdims: 0,
  });
  const hot = emit.node("OneHot", [at, emit.ints([size * size]), emit.floats([0, 1], [2])], { axis: 1 });
  const back = shaped(exchanged(shaped(hot, [n * c, rows, columns, size, size])), [n, c, high, wide]);
  return emit.node("Pad", [back, emit.ints([0, 0, 0, 0, 0, 0, h - high, w - wide])]);
}

/** 1 at the first largest entry along `axis`, 0 elsewhere. */
export const oneHotMax = (x: Node, axis: number): Node => x.graph.make(oneHotMaxOp, [x], { axis });
export const windowMax = (x: Node, size: number): Node => x.graph.make(windowMaxOp, [x], { size });
export const oneHot = (x: Node, depth: number): Node => x.graph.make(oneHotOp, [x], { depth });

/** Largest entry along `axis`, which stays with length 1. Its derivative goes to the first largest entry. */
export const maxAlong = (x: Node, axis: number): Node => sum(mul(oneHotMax(x, axis), x), [axis]);

export const selectOps = [oneHotMaxOp, windowMaxOp, oneHotOp] as const;
