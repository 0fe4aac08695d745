// Per-example gradients of the loss without writing them down: their sizes, and any weighted sum of them.
import { grad, vjp } from "../graph/differentiate";
import { add, dot, mul, sumLast } from "../graph/ops";
import type { Node } from "../graph/node";
import type { Curvature } from "./curvature";
import { viewsOf } from "./flat";

/**
 * ‖∇Lᵢ(θ)‖², [n]: for a dense layer (‖aᵢ‖² [+ 1])‖δᵢ‖², for any other the squared norm of its per-example gradient. One forward
 * and one backward pass for all examples.
 * @source Goodfellow, "Efficient per-example gradient computations", 2015.
 */
export async function squaredGradientNorms({ each }: Curvature): Promise<Float64Array> {
  const { perExample, taps, n } = each.network;
  const build = (): Node[] => {
    // Every example's loss with weight one: the cotangents at the taps are the examples' own.
    const ones = perExample.graph.constant(1, perExample.shape);
    const deltas = vjp(
      [perExample],
      [ones],
      taps.map((tap) => tap.output),
    );
    const squares = (node: Node): Node => {
      const flat = mul(node, node);
      return flat.shape.length === 1 ? flat : sumLast(flat);
    };
    const terms = taps.map((tap, l) => {
      if (!tap.dense) return squares(tap.perExample(deltas[l]));
      const inputs = squares(tap.dense.input);
      return mul(tap.dense.bias ? add(inputs, 1) : inputs, squares(deltas[l]));
    });
    return [terms.reduce((a, b) => add(a, b))];
  };
  const f = await each.function("squaredGradientNorms", build, []);
  const [values] = await f.run(new Map());
  return Float64Array.from(values.subarray(0, n));
}

/** Σ wᵢ ∇Lᵢ(θ), [P], from weights [n]. One backward pass. */
export async function weightedGradient(
  { each, shapes, size }: Curvature,
  weights: Float32Array,
): Promise<Float32Array> {
  const { perExample, parameters, graph, n } = each.network;
  const w = graph.input("example.weights", [n]);
  const f = await each.function("weightedGradient", () => grad(dot(perExample, w), parameters), [w]);
  const out = new Float32Array(size);
  await f.run(new Map([[w, weights]]), viewsOf(out, shapes));
  return out;
}

/**
 * Squared norms of ∂f/∂x per example, summed over the K outputs, [n], and those of ∂f/∂W₁ where the first layer is z = W₁x + b₁
 * (null elsewhere). K backward passes.
 * @source Ma & Ying, NeurIPS 2021; theory.md, section 4.
 */
export async function jacobianNorms({ each, meter }: Curvature): Promise<{
  input: Float64Array;
  firstLayer: Float64Array | null;
  /** ‖xᵢ‖², [n]. */
  examples: Float64Array;
}> {
  const { output, x, n, K, first, graph } = each.network;
  const seedNode = graph.input("jacobian.seed", [n, K]);
  const squares = (node: Node): Node => sumLast(mul(node, node));
  const build = (): Node[] => {
    const [toInput, toFirst] = vjp([output], [seedNode], first ? [x, first.output] : [x]);
    return [squares(toInput), squares(x), ...(first ? [squares(toFirst)] : [])];
  };
  const f = await each.function("jacobianNorms", build, [seedNode]);
  const input = new Float64Array(n);
  const signal = new Float64Array(n);
  let examples = new Float64Array(n);
  const seed = new Float32Array(n * K);
  for (let k = 0; k < K; k++) {
    meter.check();
    for (let i = 0; i < n; i++) for (let j = 0; j < K; j++) seed[i * K + j] = j === k ? 1 : 0;
    const [toInput, own, toFirst] = await f.run(new Map([[seedNode, seed]]));
    examples = Float64Array.from(own);
    for (let i = 0; i < n; i++) {
      input[i] += toInput[i];
      if (first) signal[i] += toFirst[i];
    }
  }
  // ∂f_k/∂W₁ = δ_k xᵀ.
  return { input, examples, firstLayer: first ? signal.map((s, i) => s * examples[i]) : null };
}
