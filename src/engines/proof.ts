// What an engine on a GPU has to show before Basin computes with it: the processor's numbers, for every op and for a small network.
import { grad, hvp } from "../graph/differentiate";
import { Graph, sizeOf, type Node, type Sample } from "../graph/node";
import {
  conv,
  dot,
  gelu,
  logSumExp,
  matmul,
  mean,
  mul,
  ops,
  reshape,
  softmax,
  sub,
  sum,
  sumLast,
  tanh,
  windowMax,
} from "../graph/ops";
import { Rng } from "../util/rng";
import type { Engine } from "./engine";

/**
 * Largest difference from the processor's numbers, in parts of the largest of them: float32 rounding through a handful of
 * operations. Numbers of 11 bits, as float16 and TF32 have, are off by 1e-4 and more.
 */
export const allowed = 3e-5;
/** Below this the largest of them counts as this large: a GPU may take numbers that small for 0. */
const least = 1e-30;

interface Trial {
  readonly name: string;
  readonly inputs: readonly Node[];
  readonly outputs: readonly { readonly what: string; readonly node: Node }[];
  readonly feeds: readonly Float32Array[];
}

/** Draws of one trial. */
class Draws {
  readonly graph = new Graph();
  readonly inputs: Node[] = [];
  readonly feeds: Float32Array[] = [];
  private readonly rng: Rng;

  constructor(name: string) {
    this.rng = new Rng(11, name);
  }

  /** An input [shape], uniform in `range`. */
  draw(
    shape: readonly number[],
    { range: [low, high] = [-1, 1], integers }: Pick<Sample, "range" | "integers"> = {},
  ): Node {
    const values = Float32Array.from({ length: sizeOf(shape) }, () => {
      const value = low + (high - low) * this.rng.uniform();
      return integers ? Math.round(value) : value;
    });
    this.feeds.push(values);
    this.inputs.push(this.graph.input(`x${this.inputs.length}`, shape));
    return this.inputs[this.inputs.length - 1];
  }
}

const trial = (name: string, { inputs, feeds }: Draws, outputs: Trial["outputs"]): Trial => ({
  name,
  inputs,
  feeds,
  outputs,
});

/** Every sample of every op with its gradient: the small shapes, with their edges. */
const ofOps = (): Trial[] =>
  ops.map((op) => {
    const draws = new Draws(op.name);
    const outputs = op.samples.flatMap((sample, i) => {
      const inputs = sample.shapes.map((shape) => draws.draw(shape, sample));
      const out = draws.graph.make(op, inputs, sample.attrs ?? {});
      const gradient = grad(dot(draws.draw(out.shape), out), inputs);
      return [out, ...gradient].map((node, j) => ({
        what: `sample ${i + 1}, ${j === 0 ? "value" : `gradient ${j}`}`,
        node,
      }));
    });
    return trial(op.name, draws, outputs);
  });

/** Sizes at which a GPU takes other kernels than for a handful of numbers. */
function ofSizes(): Trial[] {
  const draws = new Draws("sizes");
  const [a, b] = [draws.draw([96, 160]), draws.draw([160, 72])];
  const [x, w] = [draws.draw([8, 16, 14, 14]), draws.draw([32, 16, 3, 3])];
  const outputs = {
    "matrix product 96 × 160 × 72": matmul(a, b),
    "its transposes": matmul(b, a, { ta: true, tb: true }),
    softmax: softmax(a),
    "sum over rows": sum(a, [0]),
    convolution: conv(x, w, { stride: 1, padding: 1, groups: 1 }),
  };
  const named = Object.entries(outputs).map(([what, node]) => ({ what, node }));
  return [trial("larger sizes", draws, named)];
}

/** Loss, gradient and Hessian product of a small convolutional network: what a reading of the sharpness computes. */
function ofNetwork(): Trial[] {
  const draws = new Draws("network");
  const n = 4;
  const pooled = (x: Node): Node => mul(windowMax(x, 2), x);
  const x = draws.draw([n, 3, 12, 12]);
  const weights = [
    draws.draw([16, 3, 3, 3], { range: [-0.4, 0.4] }),
    draws.draw([24, 16, 3, 3], { range: [-0.2, 0.2] }),
    draws.draw([24 * 36, 10], { range: [-0.1, 0.1] }),
  ];
  const directions = weights.map(({ shape }) => draws.draw(shape));
  const targets = draws.draw([n, 10], { range: [0, 0.2] });
  const [first, second, last] = weights;
  const hidden = pooled(gelu(conv(x, first, { stride: 1, padding: 1, groups: 1 })));
  const features = tanh(conv(hidden, second, { stride: 2, padding: 1, groups: 1 }));
  const logits = matmul(reshape(features, [n, 24 * 36]), last);
  const loss = mean(sub(reshape(logSumExp(logits), [n]), sumLast(mul(targets, logits))));
  const named = (what: string, nodes: readonly Node[]) =>
    nodes.map((node, i) => ({ what: `${what} ${i + 1}`, node }));
  const outputs = [
    { what: "loss", node: loss },
    ...named("gradient", grad(loss, weights)),
    ...named("Hessian product", hvp(loss, weights, directions)),
  ];
  return [trial("convolutional network", draws, outputs)];
}

/** How an engine stood its proof. */
export interface Proof {
  readonly checks: number;
  /** The largest difference, and of what. */
  readonly error: number;
  readonly what: string;
}

/** max |a − b| / max |b|; NaN where one is NaN or infinite, which is no number to compare. */
function difference(a: Float32Array, b: Float32Array): number {
  let [most, size] = [0, least];
  for (let i = 0; i < b.length; i++) {
    const gap = Math.abs(a[i] - b[i]);
    if (!Number.isFinite(gap)) return NaN;
    most = Math.max(most, gap);
    size = Math.max(size, Math.abs(b[i]));
  }
  return most / size;
}

/** Two calls: the second with other numbers in the same arrays, and into arrays given for the outputs, as training calls it. */
async function valuesOf({ inputs, outputs, feeds }: Trial, engine: Engine): Promise<Float32Array[]> {
  const compiled = await engine.compile(
    inputs,
    outputs.map(({ node }) => node),
  );
  try {
    const given = feeds.map((values) => values.map(() => 1));
    await compiled.run(given);
    given.forEach((values, i) => values.set(feeds[i]));
    const into = outputs.map(({ node }) => new Float32Array(sizeOf(node.shape)).fill(NaN));
    await compiled.run(given, into);
    return into;
  } finally {
    await compiled.dispose();
  }
}

/**
 * Computes every op of the registry with its gradient, a few products of larger size, and the Hessian product of a small convolutional
 * network, on the engine and on another one, from the same numbers. About a second on a GPU's driver that compiles quickly.
 *
 * @param reference  An engine that is known to compute rightly.
 * @param begin  Told what is computed next, before it is.
 * @throws Error that says which op was off and by how much, or what the engine threw at it.
 */
export async function prove(
  engine: Engine,
  reference: Engine,
  begin: (what: string) => void = () => undefined,
): Promise<Proof> {
  let proof: Proof = { checks: 0, error: 0, what: "" };
  for (const one of [...ofOps(), ...ofSizes(), ...ofNetwork()]) {
    begin(one.name);
    const expected = await valuesOf(one, reference);
    const values = await valuesOf(one, engine).catch((error: unknown) => {
      throw new Error(`${one.name} fails: ${error instanceof Error ? error.message : String(error)}`);
    });
    one.outputs.forEach(({ what: part }, i) => {
      const what = `${one.name}, ${part}`;
      const error = difference(values[i], expected[i]);
      if (Number.isNaN(error)) throw new Error(`${what} is not a number`);
      if (error > allowed)
        throw new Error(
          `${what} is off by ${error.toExponential(1)} of its largest number, rounding by ${allowed.toExponential()} at most`,
        );
      proof = error > proof.error ? { checks: proof.checks, error, what } : proof;
      proof = { ...proof, checks: proof.checks + 1 };
    });
  }
  return proof;
}
