// The lines of a log axis: uPlot's own froze the panel for ranges that do not start at a power of ten.
import { expect, test } from "vitest";
import { Rng } from "../../../src/util/rng";
import { logSplits } from "../../../src/util/logSplits";

test("any positive range gets a handful of ascending lines within it", () => {
  const rng = new Rng(0, "ranges");
  for (let i = 0; i < 2000; i++) {
    const min = 10 ** (-12 + 20 * rng.uniform());
    const max = min * 10 ** (0.01 + 14 * rng.uniform() ** 2);
    const splits = logSplits(min, max);
    const text = `${min} to ${max}: ${splits.join(" ")}`;
    expect(splits.length, text).toBeGreaterThanOrEqual(2);
    expect(splits.length, text).toBeLessThanOrEqual(10);
    expect(
      splits.every((x, j) => x >= min && x <= max && (j === 0 || x > splits[j - 1])),
      text,
    ).toBe(true);
  }
});

test("lines are round: powers of ten over decades, 1-2-5 over few", () => {
  expect(logSplits(2e-4, 1.2)).toEqual([1e-3, 1e-2, 1e-1, 1]);
  expect(logSplits(0.0123, 0.5)).toEqual([0.02, 0.05, 0.1, 0.2, 0.5]);
  expect(logSplits(1.05, 1.21)).toEqual([1.06, 1.08, 1.1, 1.12, 1.14, 1.16, 1.18, 1.2]);
});

test("a range that is none has no lines, and no endless loop", () => {
  for (const [min, max] of [
    [0, 1],
    [-1, 1],
    [1, Infinity],
    [2, 1],
    [1, 1],
    [NaN, 1],
  ])
    expect(logSplits(min, max)).toEqual([]);
});
