// A network from a list of layers, and the models of the literature as such lists.
import { Graph, type Node } from "../graph/node";
import { reshape } from "../graph/ops";
import { UserError } from "../protocol/errors";
import { stack, type Part } from "./layers";
import type { BuiltModel, Mode, Model } from "./model";
import { Build, Scope } from "./scope";

/**
 * @param inputShape  Shape of one example.
 * @param outputs     Outputs K the data asks for.
 * @throws UserError where a layer does not fit what comes before it, or the last one does not give K outputs.
 */
export function sequential(layers: readonly Part[], inputShape: readonly number[], outputs: number): Model {
  const construct = (x: Node, mode: Mode): { build: Build; built: BuiltModel } => {
    const build = new Build(x.graph, mode, outputs);
    const image = reshape(x, [x.shape[0], ...inputShape]);
    const output = stack(image, layers, new Scope(build, "", "model"), "model.layers");
    if (output.shape.length !== 2 || output.shape[1] !== outputs)
      throw wrongOutput(output, outputs, layers.length);
    const { nodes: parameterNodes, taps, masks, statistics, bufferNodes, first } = build;
    return { build, built: { parameterNodes, output, taps, masks, statistics, bufferNodes, first } };
  };
  // Two examples: an axis of length one would let shapes pass that do not fit a batch.
  const graph = new Graph();
  const size = inputShape.reduce((a, b) => a * b, 1);
  const { parameters, buffers } = construct(graph.input("x", [2, size]), "probe").build;
  return {
    parameters: markLast(parameters),
    buffers,
    notices: [],
    build: (x, mode = "probe") => construct(x, mode).built,
  };
}

function wrongOutput(output: Node, outputs: number, count: number): UserError {
  const found = output.shape.slice(1);
  const flat = found.length !== 1;
  return new UserError([
    {
      severity: "error",
      from: "check",
      message: `The last layer gives [${found.join(", ")}] per example; the data wants ${outputs} ${outputs === 1 ? "output" : "outputs"}.`,
      hint: flat
        ? 'End with "flatten" and "dense".'
        : `End with "dense", whose width then comes from the data, or { "dense": ${outputs} }.`,
      place: { file: "model", key: `model.layers.${count - 1}` },
    },
  ]);
}

/** The last weight is the output layer's: muP starts it smaller. */
function markLast(parameters: Build["parameters"]): Model["parameters"] {
  const last = parameters.findLastIndex(({ init }) => init.fan?.role === "weight");
  return parameters.map(({ init, ...rest }, i) =>
    i === last && init.fan
      ? { ...rest, init: { ...init, fan: { ...init.fan, last: true } } }
      : { ...rest, init },
  );
}
