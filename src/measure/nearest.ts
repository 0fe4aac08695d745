// The training point nearest to each test point.
import type { Inputs, Point } from "./point";

/** Multiplications the search may cost. */
const searchLimit = 4e9;

export interface Nearest {
  /** Of the training point. */
  readonly index: number;
  /** ‖x − xⱼ‖². */
  readonly square: number;
}

/** Why there is no way from the training points to the test points, or null where there is. */
export function noWay({ inputs, examples: n }: Pick<Point, "inputs" | "examples">): string | null {
  if (!inputs?.test) return "there is no test data";
  const { train, test } = inputs;
  return (test.length / (train.length / n)) * train.length > searchLimit
    ? "finding the nearest training points would take too long"
    : null;
}

/** For each of the m test points; n training points. Costs nmD multiplications at most. */
export async function nearestOf(
  { train, test }: Inputs,
  { examples: n, meter }: Pick<Point, "examples" | "meter">,
): Promise<Nearest[]> {
  const D = train.length / n;
  const m = test!.length / D;
  const all: Nearest[] = [];
  for (let i = 0; i < m; i++) {
    await meter.check();
    let [square, index] = [Infinity, 0];
    for (let j = 0; j < n; j++) {
      let distance = 0;
      for (let k = 0; k < D && distance < square; k++) distance += (test![i * D + k] - train[j * D + k]) ** 2;
      if (distance < square) [square, index] = [distance, j];
    }
    all.push({ index, square });
  }
  return all;
}
