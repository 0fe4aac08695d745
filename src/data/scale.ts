// Scaling of inputs, and the refusal of numbers that are not finite.
import { fileError } from "../protocol/errors";
import type { Scale } from "../protocol/experiment";

/** Maps raw inputs [n, D] to scaled ones. Made from the training inputs, applied to both splits. */
export type Scaler = (x: ArrayLike<number>) => Float32Array;

/**
 * The scaler of a data set.
 *
 *   unit: x/255      standardize: (x − μ_j)/σ_j per feature j      none: x
 *
 * μ_j and σ_j (population, divisor n) are of the training examples taken. A feature that never varies there has σ_j = 0
 * and becomes 0 in both splits: dividing by a tiny deviation instead would blow up its rounding error.
 *
 * @param train  Training inputs, [n, D] row-major.
 * @param D      Features per example.
 */
export function scaler(scale: Scale, train: ArrayLike<number>, D: number): Scaler {
  switch (scale) {
    case "unit":
      return (x) => mapped(x, (value) => value / 255);
    case "none":
      return (x) => mapped(x, (value) => value);
    case "standardize": {
      const { mean, inverse } = moments(train, D);
      return (x) => mapped(x, (value, i) => (value - mean[i % D]) * inverse[i % D]);
    }
  }
}

/** As `Float32Array.from(x, f)`, which goes through an iterator and takes seconds for a whole MNIST. */
function mapped(x: ArrayLike<number>, f: (value: number, i: number) => number): Float32Array {
  const result = new Float32Array(x.length);
  for (let i = 0; i < x.length; i++) result[i] = f(x[i], i);
  return result;
}

/** Mean and 1/deviation per feature, in two passes; 0 instead of 1/0. */
function moments(x: ArrayLike<number>, D: number): { mean: Float64Array; inverse: Float64Array } {
  const n = x.length / D;
  const mean = new Float64Array(D);
  const square = new Float64Array(D);
  const constant = new Uint8Array(D).fill(1);
  for (let i = 0; i < x.length; i++) {
    mean[i % D] += x[i] / n;
    if (x[i] !== x[i % D]) constant[i % D] = 0;
  }
  for (let i = 0; i < x.length; i++) square[i % D] += (x[i] - mean[i % D]) ** 2 / n;
  return { mean, inverse: square.map((variance, j) => (constant[j] ? 0 : 1 / Math.sqrt(variance))) };
}

/** @throws UserError naming file and position when a value is NaN or infinite, also after rounding to float32. */
export function checkFinite(values: ArrayLike<number>, width: number, file: string, what: string): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(Math.fround(values[i]))) {
      const at = `example ${Math.floor(i / width)}, column ${i % width} of ${what} (counted from 0)`;
      throw fileError(file, `Expected finite float32 numbers; found ${values[i]} at ${at}.`);
    }
  }
}

/** @throws UserError when fewer examples are there than asked for, or none. */
export function checkTake(take: number | undefined, n: number, file: string): number {
  if (n === 0) throw fileError(file, "Expected at least one example; the file holds none.");
  if (take !== undefined && take > n) {
    throw fileError(
      file,
      `Expected at least the ${take} examples that \`take\` asks for; the file holds ${n}.`,
      `Set it to at most ${n}.`,
    );
  }
  return take ?? n;
}
