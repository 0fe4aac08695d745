// Puts model and loss together for a batch of n examples.
import { Graph } from "../graph/node";
import { mean } from "../graph/ops";
import type { Network, NetworkParts } from "./network";

/** Builds the graph of outputs and loss for `n` examples; shapes are static, so each batch size has its own. */
export function buildNetwork({ model, loss, inputs, outputs }: NetworkParts, n: number): Network {
  const graph = new Graph();
  const x = graph.input("x", [n, inputs]);
  const y = graph.input("y", [n, outputs]);
  const built = model.build(x);
  const perExample = loss.perExample(built.output, y);
  return {
    graph,
    n,
    K: outputs,
    x,
    y,
    parameters: built.parameterNodes,
    output: built.output,
    perExample,
    loss: mean(perExample),
    taps: built.taps,
    factor: (u) => loss.factor(built.output, y, u),
  };
}
