// A network from an ONNX file: its graph with our derivatives, its float initializers as parameters in their own names.
import { Graph, type Node } from "../../graph/node";
import { reshape } from "../../graph/ops";
import { fileError } from "../../protocol/errors";
import { didYouMean } from "../../protocol/suggest";
import type { BuiltModel, Model } from "../model";
import { OnnxBuild, OpContext, type Value } from "./context";
import { readOnnx, type OnnxFile } from "./file";
import { unmoved } from "./moves";
import { onnxOps } from "./ops";

/**
 * @param bytes   The ONNX file.
 * @param file    Its name, for messages.
 * @param frozen  Initializers that are not trained; running statistics of batch normalization never are.
 * @throws UserError naming the first op that is not supported, its node and the file; or what does not fit the data.
 */
export function importOnnx(
  bytes: Uint8Array,
  file: string,
  inputShape: readonly number[],
  outputs: number,
  frozen: readonly string[] = [],
): Model {
  const source = readOnnx(bytes, file);
  for (const name of frozen) {
    if (source.initializers.has(name)) continue;
    const message = `model.frozen names "${name}", which is no initializer of this model.`;
    throw fileError(file, message, didYouMean(name, [...source.initializers.keys()]));
  }
  const unknown = source.nodes.find(({ op }) => !Object.hasOwn(onnxOps, op));
  if (unknown) {
    const message = `Op ${unknown.op} (node ${unknown.name}) is not supported.`;
    throw fileError(file, message, `Supported: ${Object.keys(onnxOps).join(", ")}.`);
  }
  const shape = shapeFor(source, inputShape);
  const construct = (x: Node, axes: ReadonlyMap<string, number>) => run(source, x, shape, axes, frozen);

  // Two numbers of examples: the axis whose length follows is theirs.
  const [few, more] = [2, 3].map((n) => {
    const graph = new Graph();
    return construct(graph.input("x", [n, shape.reduce((a, b) => a * b, 1)]), new Map()).values;
  });
  const axes = new Map<string, number>();
  for (const [name, value] of few) {
    const other = more.get(name);
    if (value.kind !== "data" || other?.kind !== "data") continue;
    const axis = value.node.shape.findIndex((d, i) => d === 2 && other.node.shape[i] === 3);
    if (axis >= 0) axes.set(name, axis);
  }
  const built = (x: Node): { build: OnnxBuild; output: Node } => {
    const build = construct(x, axes);
    const value = build.values.get(source.output);
    if (value?.kind !== "data" || value.node.shape.join() !== `${x.shape[0]},${outputs}`) {
      const found =
        value?.kind === "data" ? `[${["n", ...value.node.shape.slice(1)].join(", ")}]` : "a constant";
      throw fileError(
        file,
        `The model's output "${source.output}" is ${found}; the data asks for [n, ${outputs}].`,
        "Change the last layer, or the data.",
      );
    }
    return { build, output: value.node };
  };
  const graph = new Graph();
  const { parameters } = built(graph.input("x", [2, shape.reduce((a, b) => a * b, 1)])).build;
  if (parameters.length === 0) throw fileError(file, "The model has no trainable initializers.");
  return {
    parameters,
    buffers: [],
    build: (x): BuiltModel => {
      const { build, output } = built(x);
      const { nodes: parameterNodes, taps, first } = build;
      return { parameterNodes, output, taps, first, masks: [], statistics: [], bufferNodes: [] };
    },
  };
}

/** Shape of one example as the model wants it; sizes the file leaves open come from the data. */
function shapeFor({ file, input }: OnnxFile, given: readonly number[]): readonly number[] {
  const wanted = input.shape.slice(1);
  const size = given.reduce((a, b) => a * b, 1);
  if (wanted.every((d) => d !== null)) {
    if (wanted.reduce((a, b) => a * b, 1) === size) return wanted;
  } else if (wanted.length === given.length && wanted.every((d, i) => d === null || d === given[i]))
    return given;
  const words = wanted.map((d) => d ?? "any").join(", ");
  throw fileError(
    file,
    `The model's input "${input.name}" wants examples of shape [${words}]; the data gives [${given.join(", ")}].`,
    "Use the data the model was made for, or export it for this data.",
  );
}

function run(
  source: OnnxFile,
  x: Node,
  shape: readonly number[],
  axes: ReadonlyMap<string, number>,
  frozen: readonly string[],
): OnnxBuild {
  const n = x.shape[0];
  const { graph } = x;
  const build = new OnnxBuild(graph, source.file, source.opset, n, source.input.shape[0] ?? null, axes);
  build.values.set(source.input.name, { kind: "data", node: reshape(x, [n, ...shape]) });
  for (const [name, array] of source.initializers) {
    const trained = array.float && !frozen.includes(name) && array.shape.length > 0;
    const parameter = (): Value => ({
      kind: "parameter",
      name,
      node: graph.input(name, array.shape),
      values: Float32Array.from(array.data),
      own: array.shape,
      back: unmoved,
    });
    build.values.set(name, trained ? parameter() : { kind: "host", array });
  }
  for (const node of source.nodes) {
    const context = new OpContext(build, node);
    const made = onnxOps[node.op](context);
    const values: readonly Value[] = Array.isArray(made) ? (made as readonly Value[]) : [made as Value];
    values.forEach((value, i) => build.values.set(node.outputs[i], value));
  }
  return build;
}
