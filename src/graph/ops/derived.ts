// Small compositions of ops that have names of their own: inner product, squared norm per row, mean.
import { sizeOf, type Node } from "../node";
import { mul } from "./arithmetic";
import { reshape, sum } from "./shape";

/** ⟨a, b⟩ over all elements, shape []. */
export const dot = (a: Node, b: Node): Node => reshape(sum(mul(a, b)), []);

/** Sum over the last axis, which is dropped: [.., m] → [..]. */
export const sumLast = (x: Node): Node => reshape(sum(x, [x.shape.length - 1]), x.shape.slice(0, -1));

/** Mean over all elements, shape []. */
export const mean = (x: Node): Node => mul(reshape(sum(x), []), 1 / sizeOf(x.shape));
