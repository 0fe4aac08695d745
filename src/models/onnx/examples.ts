// Finds where the examples are in each value of an ONNX graph, by building it for two numbers of them and comparing shapes.
import { sizeOf } from "../../graph/node";
import type { NodeReader } from "./reader";
import type { OnnxBuild, Place } from "./values";

/** Ops that lay the same numbers out anew, in their order. */
const reshapes = new Set("Reshape Flatten Unsqueeze Squeeze".split(" "));
/** Ops that join the numbers along the last axis and keep its length. */
const alongLast = new Set("Softmax LogSoftmax LayerNormalization".split(" "));

/** A parameter is laid once over each. */
const laid: Place = { axis: 0, outer: 1, inner: 1 };

const shapeIn = (build: OnnxBuild | null, name: string): readonly number[] | null => {
  const value = build?.values.get(name);
  return value && value.kind !== "host" ? value.node.shape : null;
};

/**
 * Notes where the examples are in what a node made, in a build for one more of them than `base`. @throws UserError for a node that computes
 * with numbers of several examples at once: the network is none of single examples then.
 */
export function notePlaces(c: NodeReader): void {
  const { build, at } = c;
  for (const output of at.outputs) {
    if (build.values.get(output)?.kind !== "data") continue;
    const [few, more] = [shapeIn(build.base, output), shapeIn(build, output)];
    const sources = at.inputs.flatMap((name) => build.places.get(name) ?? []);
    if (!few || !more) continue;
    const longer = more.flatMap((d, axis) => (d === few[axis] ? [] : [axis]));
    if (longer.length === 0 && sources.length === 0) continue;
    const [axis] = longer;
    const joins = alongLast.has(at.op) && axis === more.length - 1;
    if (longer.length !== 1 || few.length !== more.length || joins) throw mixes(c);
    const each = more[axis] - few[axis];
    const place = reshapes.has(at.op)
      ? placeAfterReshape(c, more, axis)
      : [...sources, laid].find(({ outer, inner }) => outer * inner === each);
    if (place) build.places.set(output, { ...place, axis });
  }
}

const mixes = (c: NodeReader): Error =>
  c.error("it mixes the numbers of several examples, so gradients per example cannot be told apart.");

/** How often the examples come in a row in the numbers of the node's first input, and how many numbers each then has. */
function runsOf(c: NodeReader): { runs: number; numbers: number } | null {
  const [name] = c.at.inputs;
  const [place, shape] = [c.build.places.get(name), shapeIn(c.build, name)];
  if (!place || !shape) return null;
  return {
    runs: sizeOf(shape.slice(0, place.axis)) * place.outer,
    numbers: sizeOf(shape.slice(place.axis + 1)) * place.inner,
  };
}

function placeAfterReshape(c: NodeReader, shape: readonly number[], axis: number): Place | undefined {
  const source = runsOf(c);
  if (!source) return undefined;
  const [outer, inner] = [
    source.runs / sizeOf(shape.slice(0, axis)),
    source.numbers / sizeOf(shape.slice(axis + 1)),
  ];
  if (!Number.isInteger(outer) || !Number.isInteger(inner)) throw mixes(c);
  return { axis, outer, inner };
}

/**
 * The shape of a Reshape in a model exported for a fixed number of examples, which that number is written into: ours takes its place. Null
 * where nothing says so. Several axes can hold a single example: the features', which are last, are the least likely, and after them an axis
 * that would have others' numbers between those of one.
 */
export function rescaled(c: NodeReader): readonly number[] | null {
  const { base, exported, n, places, searching } = c.build;
  const [output] = c.at.outputs;
  const written = shapeIn(base, output);
  if (exported === null || !written) return null;
  const grown = ({ axis, outer, inner }: Place): number[] =>
    written.map((d, i) => (i === axis ? outer * n * inner : d));
  if (!searching) {
    const place = places.get(output);
    return place ? grown(place) : written;
  }
  const source = runsOf(c);
  if (!source) return written;
  const fits = written.flatMap((_, axis): Place[] => {
    const outer = source.runs / sizeOf(written.slice(0, axis));
    const inner = source.numbers / sizeOf(written.slice(axis + 1));
    return Number.isInteger(outer) && Number.isInteger(inner) ? [{ axis, outer, inner }] : [];
  });
  const last = written.length - 1;
  const rank = ({ axis, outer, inner }: Place): number =>
    outer * inner === 1 ? 0 : (axis === last ? 2 : 1) + (outer > 1 ? 0.5 : 0);
  const [best] = fits.sort((a, b) => rank(a) - rank(b));
  if (!best) throw mixes(c);
  return grown(best);
}
