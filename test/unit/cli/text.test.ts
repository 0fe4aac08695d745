// Text on a terminal: sparklines.
import { expect, test } from "vitest";
import { sparkline } from "../../../src/cli/show/text";

test("a sparkline spans its blocks from the smallest to the largest value, whatever their size", () => {
  for (const size of [1e-9, 1, 1e9]) expect(sparkline([0, size, 2 * size, 7 * size], 4)).toBe("▁▂▃█");
  expect(sparkline([1, 10, 100], 3, true)).toBe("▁▅█");
});

test("values that differ by rounding alone are level, and those that are not finite are left out", () => {
  expect(sparkline([1.8, 1.8, 1.8 + 1e-7], 3)).toBe("▄▄▄");
  expect(sparkline([0, 0, NaN, Infinity], 4)).toBe("▄▄");
});
