// Gram matrices of per-example gradient factors, layer by layer: dense layers never need the n×d Jacobian.
import type { Compiled, Engine } from "../engines/engine";
import { Graph } from "../graph/node";
import { add, matmul, mul, reshape, sumLast } from "../graph/ops";
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

/** Placeholders for signals of these shapes, in the order of `signalFeeds`. */
function placeholders({ n, K }: Pick<Network, "n" | "K">, signals: readonly TapSignal[]) {
  const graph = new Graph();
  const taps = signals.map(({ width, dense }, l) => ({
    rows: graph.input(`d${l}`, [n, K, width]),
    input: dense ? graph.input(`a${l}`, [n, dense.input.length / n]) : null,
    bias: dense?.bias ?? false,
  }));
  const all = taps.flatMap(({ rows, input }) => (input ? [rows, input] : [rows]));
  return { taps, all };
}

/** The arrays that what is compiled here is fed with. */
export const signalFeeds = (signals: readonly TapSignal[]): Float32Array[] =>
  signals.flatMap(({ rows, dense }) => (dense ? [rows, dense.input] : [rows]));

/**
 * 𝒦 = Σ_taps (A Aᵀ + [bias]) ∘ (Δ Δᵀ) for dense layers, the first factor repeated over the K outputs of each example; for the
 * others (1) ∘ (ΔΔᵀ) with Δ their per-example gradients. [nK, nK].
 * @source theory.md, section 2. Costs 2 (nK)² Σ width flops.
 */
export function gramFunction(
  engine: Engine,
  { n, K }: Pick<Network, "n" | "K">,
  signals: readonly TapSignal[],
): Promise<Compiled> {
  const { taps, all } = placeholders({ n, K }, signals);
  const terms = taps.map(({ rows, input, bias }, l) => {
    const flat = reshape(rows, [n * K, signals[l].width]);
    const products = reshape(matmul(flat, flat, { tb: true }), [n, K, n, K]);
    if (!input) return products;
    const overlap = matmul(input, input, { tb: true });
    return mul(reshape(bias ? add(overlap, 1) : overlap, [n, 1, n, 1]), products);
  });
  const gram = reshape(
    terms.reduce((a, b) => add(a, b)),
    [n * K, n * K],
  );
  return engine.compile(all, [gram]);
}

/** Its diagonal blocks GᵢᵀGᵢ alone, [n, K, K]. Costs 2 n K² Σ width flops. */
export function blocksFunction(
  engine: Engine,
  { n, K }: Pick<Network, "n" | "K">,
  signals: readonly TapSignal[],
): Promise<Compiled> {
  const { taps, all } = placeholders({ n, K }, signals);
  const terms = taps.map(({ rows, input, bias }) => {
    const products = matmul(rows, rows, { tb: true });
    if (!input) return products;
    const squares = sumLast(mul(input, input));
    return mul(reshape(bias ? add(squares, 1) : squares, [n, 1, 1]), products);
  });
  return engine.compile(all, [terms.reduce((a, b) => add(a, b))]);
}
