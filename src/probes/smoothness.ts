// Input smoothness: how strongly the outputs react to the inputs, and the bound that flatness puts on it.
import { jacobianNorms } from "../curvature/gradients";
import { EigenTracker } from "../curvature/tracker";
import { Rng } from "../util/rng";
import type { Probe, ProbeContext } from "./probe";

export interface Smoothness {
  /** ((1/n) Σ ‖∇ₓf(xᵢ)‖²)^½, output per input. */
  readonly input: number;
  /** ‖∇ₓf(xᵢ)‖ per example, [n]. */
  readonly each: Float64Array;
  /** ‖W₁‖₂ / min‖xᵢ‖ · ((1/n) Σ ‖∇_{W₁}f(xᵢ)‖_F²)^½; null where the first layer is not z = W₁x + b₁ or an input is zero. */
  readonly bound: number | null;
  /** Why there is no bound. */
  readonly noBound: string | null;
}

/**
 * Both sides of: (1/n) Σ ‖∇ₓf(xᵢ)‖² ≤ ‖W₁‖₂²/min‖xᵢ‖² · (1/n) Σ ‖∇_{W₁}f(xᵢ)‖_F², norms summed over the K outputs.
 * @source Ma & Ying, NeurIPS 2021; theory.md, section 4. Costs K backward passes.
 */
export async function inputSmoothness({ curvature, n, experiment }: ProbeContext): Promise<Smoothness> {
  const { input, firstLayer, examples } = await jacobianNorms(curvature);
  const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / n;
  const smallest = examples.reduce((a, b) => Math.min(a, b), Infinity);
  const noBound =
    firstLayer === null
      ? "the first layer is not z = W₁x + b₁"
      : smallest === 0
        ? "an example's input is zero"
        : null;
  const bound =
    firstLayer && noBound === null
      ? Math.sqrt(
          (mean(firstLayer) / smallest) * (await squaredNorm(curvature.firstWeight(), experiment.seed)),
        )
      : null;
  return { input: Math.sqrt(mean(input)), each: input.map(Math.sqrt), bound, noBound };
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

export const smoothness: Probe = {
  id: "smoothness",
  label: "Input smoothness",
  every: (experiment) => experiment.probes.smoothness?.every,
  cost: "one backward pass per output",
  start: () => ({
    async measure(context) {
      const { input, bound } = await inputSmoothness(context);
      return { "smoothness.input": input, ...(bound === null ? {} : { "smoothness.bound": bound }) };
    },
    memory: [],
    recall: () => undefined,
  }),
};
