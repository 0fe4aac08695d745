// Helpers the numeric tests share: filled arrays, relative error, tfjs's CPU backend as an oracle.
import * as tf from "@tensorflow/tfjs-core";
// The whole of tfjs registers the gradients that tfjs-core alone lacks.
import "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-cpu";
import { expect } from "vitest";
import { sizeOf, type Shape } from "../../src/graph/node";
import { Rng } from "../../src/util/rng";

export { tf };

/** Uniform values in [lo, hi], float32. */
export function uniform(rng: Rng, shape: Shape, [lo, hi]: readonly [number, number] = [-1, 1]): Float32Array {
  return Float32Array.from({ length: sizeOf(shape) }, () => lo + (hi - lo) * rng.uniform());
}

/** ‖a − b‖ / max(‖b‖, floor), in float64. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>, floor = 1e-6): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    size += b[i] ** 2;
  }
  return Math.sqrt(difference) / Math.max(Math.sqrt(size), floor);
}

/** Fails with both sides printed when the relative error is above `tolerance`. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = "",
): void {
  expect(actual.length, `${what}: length`).toBe(expected.length);
  const error = relativeError(actual, expected);
  const head = (x: ArrayLike<number>): string => Array.from(x).slice(0, 6).join(", ");
  expect(
    error,
    `${what}: relative error ${error}; got ${head(actual)}, expected ${head(expected)}`,
  ).toBeLessThan(tolerance);
}
