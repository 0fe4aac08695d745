// How strongly the outputs react to the inputs, and the bound that flatness puts on it.
import { EigenTracker } from "../curvature/tracker";
import { Rng } from "../util/rng";
import type { Point } from "./point";
import { isSample, meanError } from "./sampling";

export interface Smoothness {
  /** ((1/n) Σ ‖∇ₓf(xᵢ)‖²)^½, output per input. */
  readonly input: number;
  /** Standard error of it from the sample of examples; 0 where all are held. */
  readonly sampling: number;
  /** ‖∇ₓf(xᵢ)‖ per example, [n]. */
  readonly perExample: Float64Array;
  /** ‖W₁‖₂ / min‖xᵢ‖ · ((1/n) Σ ‖∇_{W₁}f(xᵢ)‖_F²)^½; null where the first layer is not z = W₁x + b₁ or an input is zero. */
  readonly bound: number | null;
  /** ‖W₁‖₂ / min‖xᵢ‖; null likewise. */
  readonly firstLayer: number | null;
  /** ‖W₁‖₂; null where the first layer is not z = W₁x + b₁. */
  readonly weightNorm: number | null;
  /** ((1/n) Σ ‖∇ₓf(xᵢ)‖⁴)^¼. */
  readonly fourth: number;
  /** Root mean square of ‖xᵢ‖. */
  readonly inputs: number;
  /** Why there is no bound. */
  readonly noBound: string | null;
}

/**
 * Both sides of: (1/n) Σ ‖∇ₓf(xᵢ)‖² ≤ ‖W₁‖₂²/min‖xᵢ‖² · (1/n) Σ ‖∇_{W₁}f(xᵢ)‖_F², norms summed over the K outputs.
 * @source Ma & Ying, NeurIPS 2021; theory.md, section 4. Costs K backward passes.
 */
export async function inputSmoothness({
  response,
  examples: n,
  population,
  seed,
}: Pick<Point, "response" | "examples" | "population" | "seed">): Promise<Smoothness> {
  const { input, firstLayer, examples } = await response!.jacobianNorms();
  const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / n;
  const smallest = examples.reduce((a, b) => Math.min(a, b), Infinity);
  const noBound = isSample({ examples: n, population })
    ? "the smallest input among all training examples is not known of a sample"
    : firstLayer === null
      ? "the first layer is not z = W₁x + b₁"
      : smallest === 0
        ? "an example's input is zero"
        : null;
  const weight = response!.firstWeight();
  const weightNorm = firstLayer && weight ? Math.sqrt(await squaredNorm(weight, seed)) : null;
  const ratio = weightNorm !== null && noBound === null ? weightNorm / Math.sqrt(smallest) : null;
  const bound = ratio === null ? null : ratio * Math.sqrt(mean(firstLayer!));
  const value = Math.sqrt(mean(input));
  // d√x = dx / (2√x)
  const spread = meanError({ examples: n, population }, input);
  const sampling = spread === 0 ? 0 : spread / (2 * value);
  const inputs = Math.sqrt(mean(examples));
  return {
    input: value,
    sampling,
    perExample: input.map(Math.sqrt),
    bound,
    firstLayer: ratio,
    weightNorm,
    fourth: mean(input.map((square) => square ** 2)) ** 0.25,
    inputs,
    noBound,
  };
}

/** ‖W‖₂² of W [rows, columns]: the largest eigenvalue of WᵀW. */
async function squaredNorm(
  { values: W, columns }: { readonly values: Float32Array; readonly columns: number },
  seed: number,
): Promise<number> {
  const rows = W.length / columns;
  const apply = (v: Float32Array, out: Float32Array): Promise<void> => {
    out.fill(0);
    for (let i = 0; i < rows; i++) {
      let z = 0;
      for (let j = 0; j < columns; j++) z += W[i * columns + j] * v[j];
      for (let j = 0; j < columns; j++) out[j] += z * W[i * columns + j];
    }
    return Promise.resolve();
  };
  const tracker = new EigenTracker({ size: columns, top: 1, tolerance: 1e-5, rng: new Rng(seed, "norm") });
  return (await tracker.measure({ size: columns, apply })).values[0];
}
