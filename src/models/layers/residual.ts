// A residual block: x + block(x), or shortcut(x) + block(x) where the block changes the shape. Names: block.0.…, shortcut.0.….
import { sameShape, type Node } from "../../graph/node";
import { add } from "../../graph/ops";
import type { LayerSpec } from "../../protocol/experiment";
import { exampleShape, type Scope } from "../scope";

export interface ResidualOptions {
  readonly layers: readonly LayerSpec[];
  readonly shortcut?: readonly LayerSpec[];
}

/** `stack` builds a list of layers; given by the registry, which this file is a part of. */
export const residual =
  (stack: (x: Node, layers: readonly LayerSpec[], scope: Scope, key: string) => Node) =>
  (x: Node, { layers, shortcut }: ResidualOptions, scope: Scope): Node => {
    const through = stack(x, layers, scope.child("block"), `${scope.key}.residual.layers`);
    const past = shortcut ? stack(x, shortcut, scope.child("shortcut"), `${scope.key}.residual.shortcut`) : x;
    if (!sameShape(through.shape, past.shape))
      throw scope.error(
        `residual: the block gives ${exampleShape(through)} and its ${shortcut ? "shortcut" : "input"} has ${exampleShape(past)}.`,
        'Give a "shortcut" of layers that makes the shapes equal, e.g. a conv2d with kernel 1.',
      );
    return add(past, through);
  };
