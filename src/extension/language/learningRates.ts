// Where an experiment's text writes learning rates: `optimizer.learningRate` and the values of a sweep over it. Pure.
import { findNodeAtLocation, parseTree, type Node } from "jsonc-parser";

export interface WrittenRate {
  readonly value: number;
  readonly offset: number;
  readonly length: number;
}

const key = "learningRate";

export function learningRatesIn(text: string): WrittenRate[] {
  const tree = parseTree(text, [], { allowTrailingComma: true });
  if (!tree) return [];
  const single = findNodeAtLocation(tree, ["optimizer", key]);
  const swept = findNodeAtLocation(tree, ["sweep", `optimizer.${key}`]);
  const nodes = [...(single ? [single] : []), ...(swept?.type === "array" ? (swept.children ?? []) : [])];
  return nodes.flatMap(({ value, offset, length }: Node) =>
    typeof value === "number" ? [{ value, offset, length }] : [],
  );
}
