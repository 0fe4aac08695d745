// Less work for each vector: what fixed factors and images can be made of beforehand is made once, by staging.
import { hasOp, reachable, sizeOf, type Node } from "../node";
import { stage } from "../stage";
import { addOp, mul, mulOp, negOp } from "./arithmetic";
import { conv, convFilterOp, convOp, picking, windowsFirst, type Window } from "./conv";
import { matmul } from "./matmul";
import { transpose } from "./rearrange";
import { reshape, sum } from "./shape";

/** Numbers of a window up to which windows are kept: a kernel of 5, whose windows take up to 25 times the image's room. */
const widestKept = 25;

/**
 * Equal outputs of which staging leaves less for each value of the `dynamic` inputs: fixed factors of one product are multiplied with each
 * other, unless more would have to be kept then, and gradients of filters read the windows of a fixed image.
 * @param windows  Whether there is memory for windows.
 */
export function hoisted(outputs: readonly Node[], dynamic: readonly Node[], windows: boolean): Node[] {
  const kept = (of: readonly Node[]): number =>
    stage(of, dynamic).frontier.reduce((total, { shape }) => total + sizeOf(shape), 0);
  const joined = rewritten(outputs, dynamic, { factors: true, windows: false });
  const factors = kept(joined) <= kept(outputs);
  return windows || !factors ? rewritten(outputs, dynamic, { factors, windows }) : joined;
}

function rewritten(
  outputs: readonly Node[],
  dynamic: readonly Node[],
  { factors, windows }: { readonly factors: boolean; readonly windows: boolean },
): Node[] {
  const known = new Map<Node, boolean>(dynamic.map((node) => [node, true]));
  const moves = (node: Node): boolean => {
    const moving = known.get(node) ?? node.inputs.some(moves);
    known.set(node, moving);
    return moving;
  };
  const made = new Map<string, Node>();
  const keyOf = (x: Node, filter: readonly number[], { stride, padding }: Window): string =>
    JSON.stringify([x.id, filter.slice(2), stride, padding]);
  const windowsOf = (x: Node, filter: readonly number[], window: Window): Node => {
    const key = keyOf(x, filter, window);
    const own = made.get(key) ?? sideBySide(x, filter.slice(2), window);
    made.set(key, own);
    return own;
  };
  /** factor · x, where x is a fixed factor of its own times what moves and both factors together are no larger; else null. */
  const scaled = (factor: Node, x: Node): Node | null => {
    if (!factors || x.op !== mulOp || moves(x.inputs[0]) === moves(x.inputs[1])) return null;
    const [own, rest] = moves(x.inputs[0]) ? [x.inputs[1], x.inputs[0]] : x.inputs;
    const both = mul(factor, own);
    return sizeOf(both.shape) <= Math.max(sizeOf(factor.shape), sizeOf(own.shape)) ? mul(both, rest) : null;
  };
  const better = (node: Node, inputs: readonly Node[]): Node | null => {
    const [a, b] = inputs;
    if (node.op === negOp) return scaled(a.graph.constant(-1), a);
    if (node.op === addOp && a === b) return scaled(a.graph.constant(2), a);
    if (node.op === mulOp && moves(a) !== moves(b)) return moves(a) ? scaled(b, a) : scaled(a, b);
    if (!windows || !b || moves(a)) return null;
    if (hasOp(node, convFilterOp) && isSmall(node.shape))
      return filterGradient(windowsOf(a, node.shape, node.attrs), b, node);
    if (hasOp(node, convOp) && keptAnyway.has(keyOf(a, b.shape, node.attrs)))
      return filtered(windowsOf(a, b.shape, node.attrs), b, node);
    return null;
  };
  /** What gradients of filters keep the windows of. */
  const keptAnyway = new Set(
    reachable(outputs).flatMap((node) =>
      hasOp(node, convFilterOp) && moves(node) && !moves(node.inputs[0]) && isSmall(node.shape)
        ? [keyOf(node.inputs[0], node.shape, node.attrs)]
        : [],
    ),
  );
  const equal = new Map<Node, Node>();
  for (const node of reachable(outputs)) {
    const inputs = node.inputs.map((input) => equal.get(input)!);
    const same = inputs.every((input, i) => input === node.inputs[i]);
    const again = moves(node) ? better(node, inputs) : null;
    equal.set(node, again ?? (same ? node : node.graph.make(node.op, inputs, node.attrs)));
  }
  return outputs.map((output) => equal.get(output)!);
}

const isSmall = (filter: readonly number[]): boolean => {
  const size = filter[2] * filter[3];
  return size > 1 && size <= widestKept;
};

/** The windows of x [n, c, h, w] side by side, [n, c·kh·kw, h′, w′]. */
export function sideBySide(
  x: Node,
  [kh, kw]: readonly number[],
  { stride, padding }: Omit<Window, "groups">,
): Node {
  const c = x.shape[1];
  const filters = x.graph.fixed(picking(c, kh, kw), [c * kh * kw, 1, kh, kw]);
  return conv(x, filters, { stride, padding, groups: c });
}

/** x under filters that move, of the windows of x. */
function filtered(windows: Node, filters: Node, { shape, attrs: { groups: g } }: Node<Window>): Node {
  const [n, o, height, width] = shape;
  const each = windows.shape[1] / g;
  const rows = reshape(windows, [n, g, each, height * width]);
  return reshape(matmul(reshape(filters, [1, g, o / g, each]), rows), shape);
}

/** The gradient of a filter, of the windows of x and ȳ. */
function filterGradient(windows: Node, y: Node, { shape, attrs: { groups: g } }: Node<Window>): Node {
  const [n, o, height, width] = y.shape;
  const each = windows.shape[1] / g;
  const rows = reshape(windows, [n, g, each, height * width]);
  const signals = reshape(y, [n, g, o / g, height * width]);
  if (!windowsFirst(o / g)) return reshape(sum(matmul(signals, rows, { tb: true }), [0]), shape);
  const all = sum(matmul(rows, signals, { tb: true }), [0]);
  return reshape(transpose(reshape(all, [g, each, o / g]), [0, 2, 1]), shape);
}
