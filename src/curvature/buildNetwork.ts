// Puts model and loss together for a batch of n examples.
import { Graph } from "../graph/node";
import { mean } from "../graph/ops";
import type { Mode, Network, NetworkParts } from "./network";

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
  const { parameterNodes, bufferNodes, output, ...rest } = model.build(x, mode);
  const perExample = loss.perExample(output, y);
  return {
    ...rest,
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
