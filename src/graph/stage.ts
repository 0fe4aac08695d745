// Staging: cut a graph into the part that runs once while θ is fixed and the part that runs per vector.
import { constantOp, fixedOp, inputOp, reachable, sizeOf, type Node } from "./node";

export interface Staged {
  /** Nodes computed once; they do not depend on the dynamic inputs. */
  readonly frontier: readonly Node[];
  /** Inputs (placeholders) the per-vector part still reads directly, dynamic ones included. */
  readonly inputs: readonly Node[];
}

/** Numbers of an array up to which either part has it as a constant of its own. */
const smallConstant = 2 ** 16;

/**
 * The static nodes that the dynamic part of `outputs` reads, without those that are another of them rescaled. Running them once and feeding their values to the
 * dynamic part leaves, for a dense network's Hessian product, two large matrix products: the price of one gradient.
 */
export function stage(outputs: readonly Node[], dynamic: readonly Node[]): Staged {
  const moving = new Set<Node>(dynamic);
  const order = reachable(outputs);
  for (const node of order) if (node.inputs.some((input) => moving.has(input))) moving.add(node);
  const frontier = new Set<Node>();
  const inputs = new Set<Node>();
  const visit = (node: Node): void => {
    if (node.op === constantOp || (node.op === fixedOp && sizeOf(node.shape) <= smallConstant)) return;
    if (node.op === inputOp) inputs.add(node);
    else if (!moving.has(node)) frontier.add(node);
  };
  for (const output of outputs) visit(output);
  for (const node of order) if (moving.has(node)) node.inputs.forEach(visit);
  for (const node of [...frontier]) {
    const from = node.op.scaled?.(node.inputs);
    if (!from || !frontier.has(from)) continue;
    frontier.delete(node);
    node.inputs.forEach(visit);
  }
  return { frontier: [...frontier], inputs: [...inputs] };
}

/** Nothing runs once: all of `outputs` is computed per vector, for what is asked a single time. */
export const unstaged = (outputs: readonly Node[]): Staged => ({
  frontier: [],
  inputs: reachable(outputs).filter((node) => node.op === inputOp),
});
