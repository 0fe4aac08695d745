// Four vectors at once times a mini-batch's Hessian: the kernels, in float32, and plain loops, in float64, against the definition.
import { expect, test } from "vitest";
import { BatchLanes, lanes } from "../../../src/stability/batchLanes";
import type { Factors } from "../../../src/stability/secondMoment";
import { Rng } from "../../../src/util/rng";

/** Relative to the largest entry: sums of float64 products in another order, and of float32 ones. */
const rounding = { plain: 1e-13, kernels: 2e-6 } as const;

/** Factors of curvatures about `size`, and vectors. */
function problem(n: number, K: number, r: number, size = 1): { factors: Factors; Y: Float64Array } {
  const rng = new Rng(n + 10 * K + 100 * r, "lanes");
  const normal = (length: number): Float64Array => Float64Array.from({ length }, () => rng.normal());
  const A = normal(n * K * r).map((x) => Math.sqrt(size) * x);
  return {
    factors: { n, K, r, A, fullRank: r, lambda: new Float64Array(r).fill(size) },
    Y: normal(lanes * r),
  };
}

/** (1/b) Σ AᵢᵀAᵢ Y, entry by entry. */
function definition({ K, r, A }: Factors, batch: Uint32Array, Y: Float64Array): Float64Array {
  const out = new Float64Array(lanes * r);
  for (const i of batch)
    for (let row = i * K; row < (i + 1) * K; row++)
      for (let lane = 0; lane < lanes; lane++) {
        let along = 0;
        for (let j = 0; j < r; j++) along += A[row * r + j] * Y[lanes * j + lane];
        for (let j = 0; j < r; j++) out[lanes * j + lane] += (along * A[row * r + j]) / batch.length;
      }
  return out;
}

test.each([
  { n: 5, K: 1, r: 3, chosen: [2] },
  { n: 5, K: 1, r: 1, chosen: [0, 4, 1] },
  { n: 6, K: 3, r: 7, chosen: [5, 0] },
  { n: 6, K: 3, r: 7, chosen: [1, 2, 3, 4, 5] },
  // A batch drawn from more than the examples held.
  { n: 2, K: 2, r: 4, chosen: [0, 1, 0, 1, 1] },
  // So many entries that the kernels take them.
  { n: 80, K: 3, r: 21, chosen: [1, 2, 33, 4, 79] },
  { n: 67, K: 1, r: 70, chosen: [3, 66] },
  // The squares of such factors leave the range of float32.
  { n: 80, K: 3, r: 21, size: 1e-60, chosen: [1, 5] },
  { n: 80, K: 3, r: 21, size: 1e60, chosen: [1, 5] },
])("$n examples, $K outputs, rank $r, curvatures about $size, batch $chosen", ({ n, K, r, size, chosen }) => {
  const { factors, Y } = problem(n, K, r, size);
  const batch = Uint32Array.from(chosen);
  const wanted = definition(factors, batch, Y);
  const largest = wanted.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  for (const way of ["plain", "kernels"] as const) {
    const own = new BatchLanes(factors, way === "plain");
    expect(own.rounding > 0).toBe(way === "kernels" && n * K * r > 4096);
    const out = new Float64Array(lanes * r);
    // Twice: what one call leaves behind must not reach the next.
    own.apply(Uint32Array.of(n - 1), Y, out);
    own.apply(batch, Y, out);
    out.forEach((x, i) => expect(Math.abs(x - wanted[i])).toBeLessThan(rounding[way] * largest));
  }
});
