// Gram matrices of per-example gradient factors from activations and back-propagated signals alone: no n×d Jacobian.
import type { Compiled, Engine } from "../engines/engine";
import { Graph } from "../graph/node";
import { add, matmul, mul, reshape } from "../graph/ops";
import type { Network } from "./network";

export interface OutputSignals {
  /** Per layer: signal of column k of Sᵢ at the layer's output, [nK, out], row iK + k. */
  readonly deltas: readonly Float32Array[];
  /** Per layer: the layer's input, [n, in]. */
  readonly inputs: readonly Float32Array[];
  readonly widths: readonly number[];
}

/**
 * 𝒦 = Σ_layers (A Aᵀ + [bias]) ∘ (Δ Δᵀ), the first factor repeated over the K outputs of each example.
 * @source theory.md, section 2. Costs 2 (nK)² Σ width flops.
 */
export function gramFunction(engine: Engine, { taps, n, K }: Network): Promise<Compiled> {
  const graph = new Graph();
  const inputs = taps.map((tap, l) => graph.input(`a${l}`, tap.input.shape));
  const deltas = taps.map((tap, l) => graph.input(`d${l}`, [n * K, tap.output.shape[1]]));
  const terms = taps.map((tap, l) => {
    const overlap = matmul(inputs[l], inputs[l], { tb: true });
    const factor = reshape(tap.bias ? add(overlap, 1) : overlap, [n, 1, n, 1]);
    return mul(factor, reshape(matmul(deltas[l], deltas[l], { tb: true }), [n, K, n, K]));
  });
  const gram = reshape(
    terms.reduce((a, b) => add(a, b)),
    [n * K, n * K],
  );
  return engine.compile([...inputs, ...deltas], [gram]);
}

/** The diagonal blocks of the Gram matrix, GᵢᵀGᵢ, [n, K, K]. Costs 2 n K² Σ width flops. */
export function kernelBlocks(
  { deltas, inputs, widths }: OutputSignals,
  { taps, n, K }: Network,
): Float32Array {
  const blocks = new Float32Array(n * K * K);
  taps.forEach((tap, l) => {
    const width = widths[l];
    const a = inputs[l];
    const features = a.length / n;
    for (let i = 0; i < n; i++) {
      let norm = tap.bias ? 1 : 0;
      for (let j = i * features; j < (i + 1) * features; j++) norm += a[j] * a[j];
      for (let k = 0; k < K; k++) {
        for (let k2 = 0; k2 <= k; k2++) {
          let s = 0;
          const [r, r2] = [(i * K + k) * width, (i * K + k2) * width];
          for (let j = 0; j < width; j++) s += deltas[l][r + j] * deltas[l][r2 + j];
          blocks[(i * K + k) * K + k2] += norm * s;
          if (k2 !== k) blocks[(i * K + k2) * K + k] += norm * s;
        }
      }
    }
  });
  return blocks;
}
