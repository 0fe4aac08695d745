// A network at inputs of one's own choice, as many as one likes: its outputs, and how steep they are there.
import type { CurvaturePoint } from "./curvaturePoint";
import { inputNorms } from "./gradients";
import { outputsOf } from "./inputAscent";

export interface AtInputs {
  /** [m, K]. */
  readonly outputs: Float32Array;
  /** ‖∂f/∂x‖, summed over the outputs, [m]. */
  readonly slopes: Float64Array;
  /** ‖∂f/∂z‖ = ‖∂f/∂W₁‖_F/‖x‖ where the first layer is z = W₁x + b₁, [m]; null elsewhere. */
  readonly signals: Float64Array | null;
}

/**
 * f and its slopes at inputs [m, D], n at a time through the functions that are compiled for the training examples. Not where batch
 * statistics tie the examples together. Costs 1 + K passes for each n of the m.
 */
export async function atInputs(
  { x: own, moved, perExample, meter }: CurvaturePoint,
  x: Float32Array,
): Promise<AtInputs> {
  const { n, K, first } = perExample.network;
  const D = own.length / n;
  const m = x.length / D;
  const outputs = new Float32Array(m * K);
  const [slopes, signals] = [new Float64Array(m), new Float64Array(m)];
  for (let start = 0; start < m; start += n) {
    const count = Math.min(n, m - start);
    const rows = own.slice();
    rows.set(x.subarray(start * D, (start + count) * D));
    const points = moved(rows);
    outputs.set((await outputsOf(points)).subarray(0, count * K), start * K);
    const { input, signal } = await inputNorms(points, meter);
    slopes.set(input.subarray(0, count).map(Math.sqrt), start);
    if (signal) signals.set(signal.subarray(0, count).map(Math.sqrt), start);
  }
  return { outputs, slopes, signals: first ? signals : null };
}
