// Whole runs of two engines side by side.
import { expect } from "vitest";

/** Float32 rounding through a few dozen steps, through eigenvalues to 1e-3. */
const F32_RUN = 1e-4;
const PROBE = 2e-3;

/** Every number of every event by step and name; none of the clocks and counts that depend on the machine. */
export function metricsOf(events: readonly Record<string, unknown>[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const event of events.filter(({ kind }) => kind === "metrics"))
    for (const [name, value] of Object.entries(event.values as Record<string, number | number[]>))
      found.set(`${String(event.step)} ${name}`, [value].flat());
  return found;
}

/** Fails where two engines disagree by more than rounding does to a run. */
export function expectSame(
  actual: ReturnType<typeof metricsOf>,
  expected: ReturnType<typeof metricsOf>,
): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [key, values] of expected) {
    const tolerance = / (loss|accuracy|gradNorm)/.test(key) ? F32_RUN : PROBE;
    values.forEach((value, i) => {
      // Found by simulation: numbers that differ in their last digits may be enclosed in another step. Its error bar covers that, and is itself no finer.
      if (/ stability\.typicalLimit/.test(key)) {
        const bar = key.endsWith(".error") ? value / 4 : expected.get(`${key}.error`)?.[i];
        if (bar !== undefined) {
          expect(Math.abs(actual.get(key)![i] - value), key).toBeLessThanOrEqual(bar);
          return;
        }
      }
      const error = Math.abs(actual.get(key)![i] - value);
      expect(error, `${key}: ${actual.get(key)![i]} and ${value}`).toBeLessThanOrEqual(
        tolerance * Math.max(Math.abs(value), 1e-2),
      );
    });
  }
}
