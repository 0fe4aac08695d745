// Columns on one axis: every value is at its own step.
import { expect, it } from "vitest";
import { align } from "../../../src/record/align";

const column = (points: readonly (readonly [number, number])[]) => ({
  steps: points.map(([step]) => step),
  values: points.map(([, value]) => value),
});

it("brings columns with steps of their own on one axis", () => {
  const a = column([
    [0, 1],
    [2, NaN],
    [5, 3],
  ]);
  const b = column([
    [1, 7],
    [2, 8],
    [9, -Infinity],
  ]);
  expect(align([a, b])).toEqual({
    steps: [0, 1, 2, 5, 9],
    rows: [
      [1, undefined, NaN, 3, undefined],
      [undefined, 7, 8, undefined, -Infinity],
    ],
  });
});

it("is empty of nothing, and the column itself of one", () => {
  expect(align([])).toEqual({ steps: [], rows: [] });
  expect(align([column([])])).toEqual({ steps: [], rows: [[]] });
  expect(align([column([[3, 4]])])).toEqual({ steps: [3], rows: [[4]] });
});
