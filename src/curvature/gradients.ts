// Per-example gradients of the loss without writing them down: their sizes, and any weighted sum of them.
import { grad, jvp, vjp } from "../graph/differentiate";
import { add, dot, mul, sumLast } from "../graph/ops";
import type { Node } from "../graph/node";
import type { ChunkPoints } from "./chunks";
import type { CompiledNetwork } from "./compiledNetwork";
import type { CurvaturePoint } from "./curvaturePoint";
import { viewsOf } from "./flat";
import type { Meter } from "./meter";

/**
 * ‖∇Lᵢ(θ)‖², [n]: for a dense layer (‖aᵢ‖² [+ 1])‖δᵢ‖², for any other the squared norm of its per-example gradient. One forward
 * and one backward pass for all examples.
 * @source Goodfellow, "Efficient per-example gradient computations", 2015.
 */
export async function squaredGradientNorms({ perExample: all }: CurvaturePoint): Promise<Float64Array> {
  const build = ({ network: { perExample, taps } }: CompiledNetwork): Node[] => {
    // Every example's loss with weight one: the cotangents at the taps are the examples' own.
    const ones = perExample.graph.constant(1, perExample.shape);
    const deltas = vjp(
      [perExample],
      [ones],
      taps.map((tap) => tap.output),
    );
    const terms = taps.map((tap, l) => {
      if (!tap.dense) return squares(tap.perExample(deltas[l]));
      const inputs = squares(tap.dense.input);
      return mul(tap.dense.bias ? add(inputs, 1) : inputs, squares(deltas[l]));
    });
    return [terms.reduce((a, b) => add(a, b))];
  };
  const norms = new Float64Array(all.network.n);
  await all.forEach(
    "squaredGradientNorms",
    build,
    () => new Map(),
    ([values], { start }) => norms.set(values, start),
  );
  return norms;
}

/**
 * uᵀ∇²Lᵢ(θ)v for every example, [n], at u and v [P]: the second derivative of the losses along both. Costs about two products.
 */
export async function exampleCurvature(
  { perExample: all, shapes, meter }: CurvaturePoint,
  u: Float32Array,
  v: Float32Array,
): Promise<Float32Array> {
  await meter.check();
  const { n } = all.network;
  const values = new Float32Array(n);
  const firsts = ({ network: { graph, parameters } }: CompiledNetwork): Node[] =>
    parameters.map((node, i) => graph.input(`u${i}`, node.shape));
  await all.forEach(
    "exampleCurvature",
    (compiled) => {
      const { perExample, parameters } = compiled.network;
      const [along] = jvp([perExample], parameters, firsts(compiled));
      return jvp([along], parameters, compiled.v);
    },
    ({ compiled }) => {
      const own = viewsOf(u, shapes);
      return new Map([
        ...firsts(compiled).map((node, i) => [node, own[i]] as const),
        ...compiled.views(v, shapes),
      ]);
    },
    ([own], { start }) => values.set(own, start),
  );
  meter.products += 2;
  return values;
}

/** Squared norm of each row, [n, m] → [n]. */
const squares = (node: Node): Node => sumLast(mul(node, node));

/** Σ wᵢ ∇Lᵢ(θ), [P], from weights [n]. One backward pass. */
export async function weightedGradient(
  { perExample, shapes, size }: CurvaturePoint,
  weights: Float32Array,
): Promise<Float32Array> {
  const wOf = ({ network: { graph, n } }: CompiledNetwork): Node => graph.input("example.weights", [n]);
  const out = new Float32Array(size);
  await perExample.mean(
    "weightedGradient",
    // A mean over the chunk, as everything that adds up over chunks.
    (compiled) => {
      const { network } = compiled;
      return grad(mul(dot(network.perExample, wOf(compiled)), 1 / network.n), network.parameters);
    },
    ({ compiled, start, n }) => new Map([[wOf(compiled), weights.subarray(start, start + n)]]),
    viewsOf(out, shapes),
  );
  const { n } = perExample.network;
  for (let i = 0; i < size; i++) out[i] *= n;
  return out;
}

/** ∇Lᵢ(θ)ᵀv, [n], along v [P]. One forward pass with its derivative. */
export async function gradientsAlong(
  { perExample, shapes }: CurvaturePoint,
  v: Float32Array,
): Promise<Float64Array> {
  const slopes = new Float64Array(perExample.network.n);
  await perExample.forEach(
    "gradientsAlong",
    ({ network, v: nodes }) => jvp([network.perExample], network.parameters, nodes),
    ({ compiled }) => compiled.views(v, shapes),
    ([values], { start }) => slopes.set(values, start),
  );
  return slopes;
}

/** Squared norms per example [n] wherever its input is. */
interface InputNorms {
  /** Of ∂f/∂x, summed over the K outputs. */
  readonly input: Float64Array;
  /** Of ∂f/∂z likewise, where the first layer is z = W₁x + b₁; null elsewhere. */
  readonly signal: Float64Array | null;
}

/** K backward passes. */
export async function inputNorms(points: ChunkPoints, meter: Meter): Promise<InputNorms> {
  const { n, K, first } = points.network;
  const seedOf = ({ network }: CompiledNetwork): Node => network.graph.input("jacobian.seed", [network.n, K]);
  const build = (compiled: CompiledNetwork): Node[] => {
    const { output, x, first: own } = compiled.network;
    const [toInput, toFirst] = vjp([output], [seedOf(compiled)], own ? [x, own.output] : [x]);
    return [squares(toInput), ...(own ? [squares(toFirst)] : [])];
  };
  const [input, signal] = [new Float64Array(n), new Float64Array(n)];
  for (let k = 0; k < K; k++) {
    await meter.check();
    const seed = (count: number): Float32Array =>
      Float32Array.from({ length: count * K }, (_, i) => (i % K === k ? 1 : 0));
    await points.forEach(
      "jacobianNorms",
      build,
      ({ compiled, n: count }) => new Map([[seedOf(compiled), seed(count)]]),
      ([toInput, toFirst], { start, n: count }) => {
        for (let i = 0; i < count; i++) {
          input[start + i] += toInput[i];
          if (first) signal[start + i] += toFirst[i];
        }
      },
    );
  }
  return { input, signal: first ? signal : null };
}

/** Squared lengths of rows, [n]. */
function squaredLengths(rows: Float32Array, n: number): Float64Array {
  const D = rows.length / n;
  const lengths = new Float64Array(n);
  for (let i = 0; i < n; i++) for (let j = i * D; j < (i + 1) * D; j++) lengths[i] += rows[j] ** 2;
  return lengths;
}

/**
 * Squared norms of ∂f/∂x per example, summed over the K outputs, [n], and those of ∂f/∂W₁ where the first layer is z = W₁x + b₁
 * (null elsewhere). K backward passes.
 *
 * @param examples  The examples themselves, where the point has them in other coordinates.
 * @source Ma & Ying, NeurIPS 2021; theory.md, section 4.
 */
export async function jacobianNorms(
  { perExample, meter, x }: Pick<CurvaturePoint, "perExample" | "meter" | "x">,
  examples = x,
): Promise<{
  input: Float64Array;
  firstLayer: Float64Array | null;
  /** ‖xᵢ‖², [n]. */
  examples: Float64Array;
}> {
  const { input, signal } = await inputNorms(perExample, meter);
  const lengths = squaredLengths(examples, perExample.network.n);
  // ∂f_k/∂W₁ = δ_k xᵀ.
  return { input, examples: lengths, firstLayer: signal && signal.map((s, i) => s * lengths[i]) };
}
