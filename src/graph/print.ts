// A graph as text: one line a node, inputs before users. Golden tests and bug reports read this.
import { constantOp, inputOp, reachable, type Node } from "./node";

/** Prints the nodes the outputs depend on, renumbered from %0 so that the text does not depend on the arena's history. */
export function print(outputs: readonly Node[]): string {
  const order = reachable(outputs);
  const name = new Map(order.map((node, i) => [node, `%${i}`]));
  const lines = order.map((node) => {
    const attrs = Object.entries(node.attrs).filter(([key]) => key !== "shape");
    const extra = attrs.map(([key, value]) => `${key}=${JSON.stringify(value)}`);
    const args =
      node.op === inputOp || node.op === constantOp
        ? extra
        : [...node.inputs.map((n) => name.get(n)), ...extra];
    return `${name.get(node)} [${node.shape.join(",")}] = ${node.op.name}(${args.join(", ")})`;
  });
  return [...lines, `return ${outputs.map((node) => name.get(node)).join(", ")}`].join("\n");
}
