// How far the network is from the function that made its targets, and how steep both are on the way from the training points to the test points.
import type { KnownTarget } from "../stability/chain";
import { Breather } from "../util/breather";
import type { Budget } from "./budget";
import type { Smoothness } from "./inputSmoothness";
import type { Nearest } from "./nearest";
import type { Point } from "./point";

/** Pieces that a way is cut into; an even number. */
const pieces = 16;
/** Inputs at which the network may be asked, over all ways, and numbers in them. */
const [mostInputs, mostNumbers] = [2e5, 2e7];

/** Why it is not measured where the target is known, or null where it is. */
function whyNot({ response, inputs, examples: n }: Point, budget: Budget): string | null {
  if (!response?.atInputs) return "batch normalization ties the outputs of one input to all others";
  const D = inputs!.train.length / n;
  const m = inputs!.test!.length / D;
  if (m * (pieces + 1) * Math.max(D, mostNumbers / mostInputs) > mostNumbers)
    return `following the ways to ${m} test points would take too long`;
  return budget.over() ? "the time was over" : null;
}

/**
 * Root mean squares over the test points, each with the straight way from its nearest training point. The slopes of the network are
 * integrated by the trapezoidal rule on 17 points of a way, what half as many would change added to it, so that the integral is none too
 * small; the target's way is as long as the steps between its values there. Costs 17 (1 + K) passes for every n test points.
 *
 * @returns  null where the target is not known; a sentence where it is, and why it was not measured.
 */
export async function knownTarget(
  point: Point,
  { weightNorm }: Pick<Smoothness, "weightNorm">,
  { nearest, budget }: { readonly nearest: readonly Nearest[]; readonly budget: Budget },
): Promise<KnownTarget | string | null> {
  const { inputs, examples: n, outputs: K } = point;
  const target = inputs?.target;
  if (!target) return null;
  const why = whyNot(point, budget);
  if (why !== null) return why;
  const D = inputs.train.length / n;
  const z = waysOf(inputs.train, inputs.test!, nearest, D);
  const { outputs, slopes, signals } = await point.response!.atInputs!(z);
  const distances = nearest.map(({ square }) => Math.sqrt(square));
  const f = (at: number): Float32Array => outputs.subarray(at * K, (at + 1) * K);
  const breather = new Breather();
  const sums = {
    error: 0,
    residual: 0,
    change: 0,
    slope: 0,
    flatness: 0,
    rise: 0,
    targetChange: 0,
    targetLength: 0,
  };
  const near = new Float64Array(n);
  for (const [i, distance] of distances.entries()) {
    await breather.breathe();
    const [first, last] = [i * (pieces + 1), i * (pieces + 1) + pieces];
    const values = Array.from({ length: pieces + 1 }, (_, k) =>
      target(Float64Array.from(z.subarray((first + k) * D, (first + k + 1) * D))),
    );
    const length = values.slice(1).reduce((sum, value, k) => sum + apart(value, values[k]), 0);
    sums.residual += apart(f(first), values[0]) ** 2;
    sums.error += apart(f(last), values[pieces]) ** 2;
    sums.change += apart(f(last), f(first)) ** 2;
    sums.slope += (distance * meanOver(slopes.subarray(first, last + 1))) ** 2;
    if (signals) {
      const flat = meanOver(signals.subarray(first, last + 1));
      sums.flatness += (distance * flat) ** 2;
      sums.rise += (distance * Math.max(0, flat - signals[first])) ** 2;
    }
    near[nearest[i].index] += distance ** 2;
    sums.targetChange += apart(values[pieces], values[0]) ** 2;
    sums.targetLength += length ** 2;
  }
  const mean = (sum: number): number => Math.sqrt(sum / nearest.length);
  return {
    error: mean(sums.error),
    residual: mean(sums.residual),
    reach: Math.sqrt((Math.sqrt(n) * Math.sqrt(near.reduce((sum, w) => sum + w * w, 0))) / nearest.length),
    change: mean(sums.change),
    slope: mean(sums.slope),
    flatness: signals && weightNorm !== null ? weightNorm * mean(sums.flatness) : null,
    rise: signals && weightNorm !== null ? weightNorm * mean(sums.rise) : null,
    targetChange: mean(sums.targetChange),
    targetLength: mean(sums.targetLength),
  };
}

/** Points on the ways, [m (pieces + 1), D], each from the training to the test point. */
function waysOf(
  train: Float32Array,
  test: Float32Array,
  nearest: readonly Nearest[],
  D: number,
): Float32Array {
  const z = new Float32Array(nearest.length * (pieces + 1) * D);
  nearest.forEach(({ index }, i) => {
    for (let k = 0; k <= pieces; k++)
      for (let j = 0; j < D; j++) {
        const [from, to] = [train[index * D + j], test[i * D + j]];
        z[(i * (pieces + 1) + k) * D + j] = from + (k / pieces) * (to - from);
      }
  });
  return z;
}

const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] - b[k]) ** 2;
  return Math.sqrt(sum);
};

/** Mean of values at equal distances by the trapezoidal rule, and what every second one alone would change. */
function meanOver(values: Float64Array): number {
  const last = values.length - 1;
  const ends = (values[0] + values[last]) / 2;
  let [all, half] = [ends, ends];
  for (let k = 1; k < last; k++) {
    all += values[k];
    if (k % 2 === 0) half += values[k];
  }
  return all / last + Math.abs(all / last - half / (last / 2));
}
