// The sentences of a verdict say which side of a number the truth lies on.
import { expect, test } from "vitest";
import { closingMeasurement } from "../../../src/measure/closing";
import type { Judged } from "../../../src/run/judge";
import { reasonsOf } from "../../../src/run/verdictWords";

type Closing = Awaited<ReturnType<typeof closingMeasurement>>;

/** Judged at a point with these extreme eigenvalues and no more. */
function judged(error: number): Judged {
  const search = { error, how: "estimate", method: "Lanczos", cost: { products: 2, seconds: 0 } };
  const readings = [
    { metric: "sharpness", value: 12, ...search },
    { metric: "eigenvalue.min", value: -3, ...search },
  ];
  const closing = {
    readings,
    facts: {},
    descent: { learningRate: 0.1, preconditioner: null, settled: true },
  } as unknown as Closing;
  return { closing, loss: 1, course: [], experiment: { optimizer: {} } } as unknown as Judged;
}

test("a search cut short bounds the largest eigenvalue from below and the smallest from above", () => {
  const [largest, smallest] = reasonsOf(judged(Infinity));
  expect(largest).toMatch(/^Sharpness at least 12 \(the search was cut short\)/);
  expect(smallest).toBe("Smallest eigenvalue of the Hessian at most -3 (the search was cut short).");
  expect(reasonsOf(judged(0.5))[1]).toBe("Smallest eigenvalue of the Hessian -3 ± 0.5.");
});
