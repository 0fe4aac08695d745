// A network from an ONNX file: its graph with our derivatives, its float initializers as parameters in their own names.
import { Graph, type Node } from "../../graph/node";
import { reshape } from "../../graph/ops";
import { fileError, UserError } from "../../protocol/errors";
import type { BuiltModel, Model } from "../model";
import { OpContext } from "./context";
import { notePlaces } from "./examples";
import { readOnnx, type ExternalFiles, type OnnxFile, type OnnxNode } from "./file";
import { onnxOps } from "./ops";
import { checkSize } from "./reader";
import { checkGlobs, initialValues, noticesOf, tiesOf, type Tie, type TrainedSpec } from "./trained";
import { newBuild, type OnnxBuild, type Value } from "./values";

export interface OnnxSource {
  /** The ONNX file, and its name for messages. */
  readonly bytes: Uint8Array;
  readonly file: string;
  /** What `externalFiles` names, read. */
  readonly external?: ExternalFiles;
}

/** One file with all that is decided about it before it is built. */
interface Plan extends TrainedSpec {
  readonly source: OnnxFile;
  readonly shape: readonly number[];
  readonly ties: ReadonlyMap<string, Tie>;
}

/**
 * @param spec  What is trained. Without `train`, float initializers that act as weights; running statistics never are.
 * @throws UserError naming the first op, attribute or input that is not supported, its node and the file; or what does not fit the data.
 */
export function importOnnx(
  { bytes, file, external }: OnnxSource,
  inputShape: readonly number[],
  outputs: number,
  spec: TrainedSpec = {},
): Model {
  const source = readOnnx(bytes, file, external);
  checkGlobs(source, spec);
  const unknown = source.nodes.find(({ op }) => !Object.hasOwn(onnxOps, op));
  if (unknown) {
    const weights = unknown.inputs.filter((name) => source.initializers.get(name)?.float);
    if (weights.length > 0 && unknown.op.startsWith("Reduce"))
      throw computedWeight(file, unknown, weights[0]);
    const message = `Op ${unknown.op} (node ${unknown.name}) is not supported.`;
    throw fileError(file, message, `Supported: ${Object.keys(onnxOps).join(", ")}.`);
  }
  const shape = shapeFor(source, inputShape);
  const plan: Plan = { ...spec, source, shape, ties: tiesOf(source, spec) };
  const inputs = shape.reduce((a, b) => a * b, 1);

  // Two numbers of examples, the first as the file was exported: where one is longer, there they are.
  const fewest = source.input.shape[0] ?? 2;
  const search = (n: number, base: OnnxBuild | null): OnnxBuild =>
    run(plan, new Graph().input("x", [n, inputs]), { base, places: new Map(), searching: true });
  const few = search(fewest, null);
  const { places } = search(fewest + 1, few);
  const shared = new Set([...few.uses].flatMap(([name, count]) => (count > 1 ? [name] : [])));
  const built = (x: Node): { build: OnnxBuild; output: Node } => {
    const build = run(plan, x, { base: few, places, searching: false }, shared);
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
  const { build: sample } = built(new Graph().input("x", [2, inputs]));
  const { parameters } = sample;
  if (parameters.length === 0) throw fileError(file, "The model has no trainable initializers.");
  return {
    parameters,
    buffers: [],
    notices: noticesOf(source, sample, plan.ties),
    build: (x): BuiltModel => {
      const { build, output } = built(x);
      const { nodes: parameterNodes, taps, first } = build;
      return { parameterNodes, output, taps, first, masks: [], statistics: [], bufferNodes: [] };
    },
  };
}

/** A reduction of a weight is what a reparametrization begins with: the norm of weight normalization above all. */
const computedWeight = (file: string, { op, name }: OnnxNode, weight: string): Error =>
  fileError(
    file,
    `Node ${name} (${op}) computes a weight from ${weight}, as weight normalization does, which is not supported.`,
    'Before the export, torch.nn.utils.parametrize.remove_parametrizations(layer, "weight"), or torch.nn.utils.remove_weight_norm(layer), makes the product the weight: the same network, but its curvature is that of the weight, not of length and direction.',
  );

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
  { source, shape, ties, ...spec }: Plan,
  x: Node,
  known: Pick<OnnxBuild, "base" | "places" | "searching">,
  shared: ReadonlySet<string> = new Set(),
): OnnxBuild {
  const n = x.shape[0];
  const build = newBuild({
    ...known,
    graph: x.graph,
    file: source.file,
    opset: source.opset,
    n,
    exported: source.input.shape[0] ?? null,
    choices: { train: spec.train, shared },
  });
  build.values.set(source.input.name, { kind: "data", node: reshape(x, [n, ...shape]) });
  build.places.set(source.input.name, { axis: 0, outer: 1, inner: 1 });
  for (const [name, value] of initialValues(source, x.graph, spec, ties)) build.values.set(name, value);
  for (const node of source.nodes) {
    const context = new OpContext(build, node);
    const values = valuesOf(context);
    passWhole(context);
    values.forEach((value, i) => build.values.set(node.outputs[i], value));
    if (build.searching) notePlaces(context);
  }
  return build;
}

/** Ops that only move numbers about. */
const moves = new Set(
  "Reshape Flatten Transpose Unsqueeze Squeeze Concat Slice Split Gather Expand Identity".split(" "),
);

/** @throws UserError where numbers cast to integers are computed with: the cast would have rounded them. */
function passWhole(c: OpContext): void {
  const { build, at } = c;
  const place = at.inputs.findIndex((name) => build.wholes.has(name));
  if (place < 0 || at.op === "Shape") return;
  if (at.op === "Gather" && place === 1) return;
  if (!moves.has(at.op))
    throw c.error(
      `its input "${at.inputs[place]}" is data that a Cast has made whole ("to"); only Gather may take it.`,
      "Leave the cast out, or cast the examples in the data.",
    );
  at.outputs.forEach((name) => build.wholes.add(name));
}

/** What one node makes. A shape that does not fit is the file's fault, whoever noticed it. */
function valuesOf(context: OpContext): readonly Value[] {
  let made: Value | readonly Value[];
  try {
    made = onnxOps[context.at.op](context);
  } catch (error) {
    if (error instanceof UserError || !(error instanceof Error) || !error.message.startsWith("internal: "))
      throw error;
    throw context.error(
      `${error.message.slice("internal: ".length)}.`,
      "The file is damaged, or made for other data.",
    );
  }
  context.checkAllRead();
  const values = Array.isArray(made) ? (made as readonly Value[]) : [made as Value];
  for (const value of values)
    checkSize(context, value.kind === "host" ? value.array.shape : value.node.shape);
  return values;
}
