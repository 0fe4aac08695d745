// Puts model and loss together for a batch of n examples.
import { Graph, reachable, type Node } from "../graph/node";
import { mean } from "../graph/ops";
import type { Mode, Network, NetworkParts } from "./network";

/** Whether nothing but the product with a weight looks at the examples. */
function isOnlyReader(weight: Node, x: Node, output: Node): boolean {
  const sees = (node: Node): boolean => node === x || (node.op.name === "reshape" && sees(node.inputs[0]));
  const readers = reachable([output]).filter(({ op, inputs }) => op.name !== "reshape" && inputs.some(sees));
  return readers.length === 1 && readers[0].inputs.includes(weight);
}

/** Builds the graph of outputs and loss for `n` examples; shapes are static, so each batch size has its own. `careful` as in Graph. */
export function buildNetwork(
  { model, loss, inputs, outputs }: NetworkParts,
  n: number,
  mode: Mode = "probe",
  careful = false,
): Network {
  const graph = new Graph(careful);
  const x = graph.input("x", [n, inputs]);
  const y = graph.input("y", [n, outputs]);
  const { parameterNodes, bufferNodes, output, first, ...rest } = model.build(x, mode);
  const perExample = loss.perExample(output, y);
  return {
    ...rest,
    first: first && isOnlyReader(parameterNodes[first.weight], x, output) ? first : null,
    graph,
    n,
    K: outputs,
    x,
    y,
    parameters: parameterNodes,
    buffers: bufferNodes,
    output,
    perExample,
    loss: mean(perExample),
    factor: (u) => loss.factor(output, y, u),
  };
}
