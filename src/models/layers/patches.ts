// The windows of an image side by side: what convolutions multiply and poolings reduce.
import type { Node } from "../../graph/node";
import { concat, pad, reshape, sideBySide, slice, slid, transpose, widestWindow } from "../../graph/ops";

interface Window {
  readonly stride: number;
  readonly padding: number;
}

interface Every {
  readonly start: number;
  readonly count: number;
  readonly stride: number;
}

/** Every `stride`-th entry of an axis from `start`, `count` of them. */
function strided(x: Node, axis: number, { start, count, stride }: Every): Node {
  if (stride === 1) return slice(x, axis, start, count);
  // A full last group is needed to reshape: what lies beyond the axis is padded and cut away again.
  const needed = start + count * stride;
  const long = needed > x.shape[axis] ? pad(x, axis, 0, needed - x.shape[axis]) : x;
  const cut = slice(long, axis, start, count * stride);
  const grouped = [...x.shape.slice(0, axis), count, stride, ...x.shape.slice(axis + 1)];
  const first = slice(reshape(cut, grouped), axis + 1, 0, 1);
  return reshape(first, [...x.shape.slice(0, axis), count, ...x.shape.slice(axis + 1)]);
}

/** The same as `patches` in one operation of engines that have convolutions, for what is multiplied by them: [n, c·kernel², h′, w′]. */
export function windowsOf(x: Node, kernel: number, { stride, padding }: Window): Node {
  if (kernel * kernel > widestWindow) {
    const wide = patches(x, kernel, { stride, padding });
    return reshape(wide, [x.shape[0], x.shape[1] * kernel * kernel, ...wide.shape.slice(3)]);
  }
  return sideBySide(x, [kernel, kernel], { stride, padding });
}

/** Windows of x [n, c, h, w] as [n, c, kernel², h′, w′], the place inside the window in reading order. */
export function patches(x: Node, kernel: number, { stride, padding }: Window): Node {
  const [n, c, height, width] = x.shape;
  const [h, w] = [height, width].map((size) => slid(size, kernel, { stride, padding }));
  if (padding === 0 && kernel === stride) {
    // Windows that do not overlap are a reshape.
    const cut = slice(slice(x, 2, 0, h * kernel), 3, 0, w * kernel);
    const split = transpose(reshape(cut, [n, c, h, kernel, w, kernel]), [0, 1, 3, 5, 2, 4]);
    return reshape(split, [n, c, kernel * kernel, h, w]);
  }
  const padded = pad(pad(x, 2, padding, padding), 3, padding, padding);
  const parts: Node[] = [];
  for (let i = 0; i < kernel; i++) {
    const rows = strided(padded, 2, { start: i, count: h, stride });
    for (let j = 0; j < kernel; j++)
      parts.push(reshape(strided(rows, 3, { start: j, count: w, stride }), [n, c, 1, h, w]));
  }
  return concat(parts, 2);
}
