// Gram matrices of per-example gradient factors, layer by layer: dense layers never need the n×d Jacobian.
import type { Compiled, Engine } from "../engines/engine";
import { Graph } from "../graph/node";
import { add, matmul, mul, reshape } from "../graph/ops";
import type { Network } from "./network";

/** What one tap contributes to the factors Gᵢ of every example. */
export interface TapSignal {
  /**
   * Row iK + k, [nK, width]. For a dense layer the signal of column k of Sᵢ at its output: the gradient is δaᵀ. For any other
   * the gradient of its parameters itself.
   */
  readonly rows: Float32Array;
  readonly width: number;
  /** Dense layers: the input a, [n, in], and whether a bias adds one to its inner products. */
  readonly dense?: { readonly input: Float32Array; readonly bias: boolean };
}

/**
 * 𝒦 = Σ_taps (A Aᵀ + [bias]) ∘ (Δ Δᵀ) for dense layers, the first factor repeated over the K outputs of each example; for the
 * others (1) ∘ (ΔΔᵀ) with Δ their per-example gradients.
 * @source theory.md, section 2. Costs 2 (nK)² Σ width flops.
 */
export function gramFunction(
  engine: Engine,
  { n, K }: Pick<Network, "n" | "K">,
  signals: readonly TapSignal[],
): Promise<Compiled> {
  const graph = new Graph();
  const inputs = signals.flatMap(({ dense }, l) =>
    dense ? [graph.input(`a${l}`, [n, dense.input.length / n])] : [],
  );
  const rows = signals.map(({ width }, l) => graph.input(`d${l}`, [n * K, width]));
  let next = 0;
  const terms = signals.map(({ dense }, l) => {
    const products = matmul(rows[l], rows[l], { tb: true });
    if (!dense) return reshape(products, [n, K, n, K]);
    const a = inputs[next++];
    const overlap = matmul(a, a, { tb: true });
    const factor = reshape(dense.bias ? add(overlap, 1) : overlap, [n, 1, n, 1]);
    return mul(factor, reshape(products, [n, K, n, K]));
  });
  const gram = reshape(
    terms.reduce((a, b) => add(a, b)),
    [n * K, n * K],
  );
  return engine.compile([...inputs, ...rows], [gram]);
}

/** The arrays `gramFunction` is fed with. */
export const gramFeeds = (signals: readonly TapSignal[]): Float32Array[] => [
  ...signals.flatMap(({ dense }) => (dense ? [dense.input] : [])),
  ...signals.map(({ rows }) => rows),
];

/** Adds one tap's part of the diagonal blocks GᵢᵀGᵢ, [n, K, K]. Costs n K² width flops. */
export function addKernelBlocks(
  blocks: Float32Array,
  { rows, width, dense }: TapSignal,
  { n, K }: Pick<Network, "n" | "K">,
): void {
  const features = dense ? dense.input.length / n : 0;
  for (let i = 0; i < n; i++) {
    let factor = 1;
    if (dense) {
      factor = dense.bias ? 1 : 0;
      for (let j = i * features; j < (i + 1) * features; j++) factor += dense.input[j] * dense.input[j];
    }
    for (let k = 0; k < K; k++) {
      for (let m = 0; m <= k; m++) {
        let s = 0;
        const [r, r2] = [(i * K + k) * width, (i * K + m) * width];
        for (let j = 0; j < width; j++) s += rows[r + j] * rows[r2 + j];
        blocks[(i * K + k) * K + m] += factor * s;
        if (m !== k) blocks[(i * K + m) * K + k] += factor * s;
      }
    }
  }
}
