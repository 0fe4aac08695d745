// Which initializers of an ONNX file are trained, which are one weight under two names, and what the user is told about it.
import type { Graph } from "../../graph/node";
import { fileError } from "../../protocol/errors";
import { didYouMean } from "../../protocol/suggest";
import type { HostArray, OnnxFile } from "./file";
import { isExporterName, turned, unmoved, type OnnxBuild, type ParameterValue, type Value } from "./values";

/** Globs over the names of initializers: "*" stands for any text. */
export interface TrainedSpec {
  /** What alone is trained. */
  readonly train?: readonly string[];
  /** What is not. */
  readonly freeze?: readonly string[];
}

const matches = (glob: string, name: string): boolean =>
  new RegExp(`^${glob.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*")}$`).test(name);

const matchesAny = (globs: readonly string[], name: string): boolean =>
  globs.some((glob) => matches(glob, name));

/** @throws UserError for a glob that no initializer matches. */
export function checkGlobs({ file, initializers }: OnnxFile, spec: TrainedSpec): void {
  const names = [...initializers.keys()];
  for (const key of ["train", "freeze"] as const)
    for (const glob of spec[key] ?? []) {
      if (names.some((name) => matches(glob, name))) continue;
      const message = `model.${key} names "${glob}", which is no initializer of this model.`;
      throw fileError(file, message, didYouMean(glob, names));
    }
}

/** One weight under two names. */
export interface Tie {
  readonly of: string;
  readonly transposed: boolean;
}

/**
 * Initializers with the numbers of an earlier one, or of its transpose: the exporter writes a weight that is used both ways twice. Equal numbers
 * that are all the same, as fresh normalizations have, are no sign of it.
 */
export function tiesOf({ initializers }: OnnxFile, spec: TrainedSpec): ReadonlyMap<string, Tie> {
  const ties = new Map<string, Tie>();
  const seen: [string, HostArray][] = [];
  for (const [name, array] of initializers) {
    if (!isCandidate(name, array, spec) || array.shape.length < 2 || isUniform(array)) continue;
    const equal = seen.find(
      ([, other]) => other.shape.join() === array.shape.join() && sameNumbers(array, other, false),
    );
    const flipped = array.shape.length === 2 ? [array.shape[1], array.shape[0]].join() : "";
    const transposed = seen.find(
      ([, other]) => other.shape.join() === flipped && sameNumbers(array, other, true),
    );
    if (equal) ties.set(name, { of: equal[0], transposed: false });
    else if (transposed) ties.set(name, { of: transposed[0], transposed: true });
    else seen.push([name, array]);
  }
  return ties;
}

const isCandidate = (
  name: string,
  { float, shape }: HostArray,
  { train, freeze = [] }: TrainedSpec,
): boolean =>
  float && shape.length > 0 && !matchesAny(freeze, name) && (train === undefined || matchesAny(train, name));

const isUniform = ({ data }: HostArray): boolean => Array.prototype.every.call(data, (x) => x === data[0]);

function sameNumbers(a: HostArray, b: HostArray, transposed: boolean): boolean {
  const [rows, columns] = transposed ? a.shape : [1, a.data.length];
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++)
      if (a.data[i * columns + j] !== b.data[transposed ? j * rows + i : j]) return false;
  return true;
}

/** Every initializer as the builders see it. */
export function initialValues(
  source: OnnxFile,
  graph: Graph,
  spec: TrainedSpec,
  ties: ReadonlyMap<string, Tie>,
): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const [name, array] of source.initializers) {
    const tie = ties.get(name);
    const value: Value = !isCandidate(name, array, spec)
      ? { kind: "host", array }
      : tie
        ? tied(values.get(tie.of) as ParameterValue, tie)
        : {
            kind: "parameter",
            name,
            node: graph.input(name, array.shape),
            values: Float32Array.from(array.data),
            own: array.shape,
            forth: unmoved,
            back: unmoved,
          };
    values.set(name, value);
  }
  return values;
}

const tied = (value: ParameterValue, { transposed }: Tie): ParameterValue =>
  transposed ? turned(value, [1, 0]) : value;

/** Tried with torch 2.13: the exporter of today folds in its optimizer, the one before it in its own fusion, whatever the optimizer does. */
const howToKeep =
  "Export with torch.onnx.export(…, optimize=False), or with dynamo=False and training=torch.onnx.TrainingMode.PRESERVE, to keep batch normalization.";

/** What a user should know about the network that was read, one sentence or two each. */
export function noticesOf(source: OnnxFile, build: OnnxBuild, ties: ReadonlyMap<string, Tie>): string[] {
  const trained = new Set(build.parameters.map(({ name }) => name));
  const constants = [...build.constants].map(
    ([reason, names]) =>
      `${[...names].join(", ")}: taken for constant, since it ${reason}. List what is trained in model.train to decide otherwise.`,
  );
  const tiedNames = [...ties].flatMap(([name, { of, transposed }]) =>
    trained.has(of) ? [`${name} is ${of}${transposed ? " transposed" : ""}: trained as one weight.`] : [],
  );
  const exporter = [...trained].filter(isExporterName);
  const named =
    exporter.length > 0
      ? [
          `${exporter.join(", ")}: a name of the exporter's, which has rearranged a weight or computed it from others. If it is no weight of yours, list it in model.freeze.`,
        ]
      : [];
  const folded = source.nodes.flatMap(({ op, name, outputs }) =>
    ["Gemm", "Conv", "MatMul"].includes(op) && /^(getitem|.*batch_?norm)/i.test(outputs[0] ?? "")
      ? [`Node ${name || "?"} carries the name of a normalization`]
      : [],
  );
  const weights = exporter
    .filter((name) => /^(onnx::Conv_\d+|mul(_\d+)?|_weight_norm.*)$/.test(name))
    .map((name) => `${name} is no weight of the module`);
  const normalized = [...folded, ...weights].map(
    (what) =>
      `${what}: the exporter has folded a normalization into the weights, so this is another network than yours. ${howToKeep}`,
  );
  return [...constants, ...tiedNames, ...named, ...normalized, ...droppedBiases(source)];
}

/**
 * Biases that the exporter left out because they were 0, as those of PyTorch's MultiheadAttention are when it is new. That layer has both
 * of its biases or neither, which tells; of a bias of another layer nothing is left to tell.
 */
const droppedBiases = ({ initializers }: OnnxFile): string[] =>
  [...initializers.keys()].flatMap((name) => {
    const layer = /^(.*)out_proj\.weight$/.exec(name)?.[1];
    if (layer === undefined || !initializers.has(`${layer}in_proj_bias`)) return [];
    const bias = `${layer}out_proj.bias`;
    return initializers.has(bias)
      ? []
      : [
          `${bias} is not in the file: it was 0 and the exporter left it out, so it is not trained. Export with torch.onnx.export(…, optimize=False) to keep it.`,
        ];
  });
