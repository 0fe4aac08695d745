// The limit of the batch sharpness with momentum, against the second moment of heavy ball with curvatures drawn anew at every step.
import { describe, expect, it } from "vitest";
import { batchSharpnessLimit, sharpnessLimit } from "../../../src/stability/thresholds";

/** Growth of E x² per step: spectral radius of the map of (E x², E xv, E v²) for v ← βv − ηhx, x ← x + v, by power iteration. */
function growth(
  eta: number,
  beta: number,
  { mean, square }: { readonly mean: number; readonly square: number },
): number {
  // x' = (1 − ηh)x + βv, v' = −ηhx + βv.
  const [a, aa] = [1 - eta * mean, 1 - 2 * eta * mean + eta * eta * square];
  const [b, bb] = [-eta * mean, eta * eta * square];
  const ab = -eta * mean + eta * eta * square;
  let [xx, xv, vv] = [1, 0, 0];
  let logs = 0;
  const steps = 20_000;
  for (let t = 0; t < steps; t++) {
    const next = [
      aa * xx + 2 * beta * a * xv + beta * beta * vv,
      ab * xx + beta * (a + b) * xv + beta * beta * vv,
      bb * xx + 2 * beta * b * xv + beta * beta * vv,
    ];
    const size = Math.abs(next[0]) + Math.abs(next[2]);
    logs += Math.log(size);
    [xx, xv, vv] = next.map((value) => value / size);
  }
  return Math.exp(logs / steps);
}

describe.each([0, 0.5, 0.9])("momentum %f", (momentum) => {
  it.each([0.01, 0.3, 0.7, 0.98])(
    "separates growth from decay where the mean curvature is %f of its own limit",
    (share) => {
      const learningRate = 0.1;
      const mean = share * sharpnessLimit({ learningRate, momentum });
      const limit = batchSharpnessLimit(mean, { learningRate, momentum });
      // The batch sharpness along one direction is E h²/E h.
      for (const [factor, grows] of [
        [0.98, false],
        [1.02, true],
      ] as const) {
        const square = Math.max(mean * mean, factor * limit * mean);
        if (factor * limit < mean) continue;
        expect(growth(learningRate, momentum, { mean, square }) > 1).toBe(grows);
      }
    },
  );

  it("runs from 2(1 − β)/η to the limit of full batches", () => {
    const settings = { learningRate: 0.1, momentum };
    expect(batchSharpnessLimit(0, settings)).toBeCloseTo((2 * (1 - momentum)) / 0.1, 12);
    const full = sharpnessLimit(settings);
    expect(batchSharpnessLimit(full, settings)).toBeCloseTo(full, 9);
  });
});

it("is not given where it is not derived", () => {
  for (const other of [{ nesterov: true }, { gain: 0.1 }, { weightDecay: 0.1 }, { decoupledDecay: 0.1 }])
    expect(batchSharpnessLimit(1, { learningRate: 0.1, momentum: 0.9, ...other })).toBeNaN();
});
