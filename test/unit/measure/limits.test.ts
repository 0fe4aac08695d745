// The limit that binds while training is explained by the reading it is of, however long ago that was.
import { expect, test } from "vitest";
import { Limits } from "../../../src/measure/limits";
import type { How, Reading } from "../../../src/types/reading";

const reading = (metric: string, value: number, how: How): Reading => ({
  metric,
  value,
  how,
  method: "test",
  cost: { products: 1, seconds: 0 },
});

test("the smaller limit binds and says how it was read, also when the other is read anew", () => {
  const limits = new Limits();
  expect(limits.update([reading("sharpness", 3, "estimate")])).toBeNull();
  expect(limits.update([reading("stability.meanLimit", 0.5, "estimate")])).toMatchObject({
    value: 0.5,
    how: "estimate",
  });
  expect(limits.update([reading("stability.varianceLimit", 0.4, "exact")])).toMatchObject({
    value: 0.4,
    how: "exact",
  });
  expect(limits.update([reading("stability.meanLimit", 0.45, "estimate")])).toMatchObject({
    value: 0.4,
    how: "exact",
  });
  expect(limits.update([reading("stability.meanLimit", 0.3, "estimate")])).toMatchObject({
    value: 0.3,
    how: "estimate",
  });
});

test("of two that are nearly equal either may bind, and neither's certainty is claimed", () => {
  const limits = new Limits();
  limits.update([reading("stability.meanLimit", 0.5, "estimate")]);
  for (const variance of [0.4996, 0.5004])
    expect(limits.update([reading("stability.varianceLimit", variance, "exact")])).toMatchObject({
      value: Math.min(0.5, variance),
      how: "estimate",
    });
});
