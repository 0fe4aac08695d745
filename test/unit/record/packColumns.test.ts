// Columns of packed readings: what comes back, and what is refused.
import { describe, expect, it } from "vitest";
import { packColumn, unpackColumn } from "../../../src/record/packColumns";
import { Rng } from "../../../src/util/rng";

const back = (name: string, values: readonly (number | readonly number[])[], sharpness?: readonly number[]) =>
  unpackColumn(JSON.parse(JSON.stringify(packColumn(name, values, sharpness))), values.length, sharpness);

describe("a packed column", () => {
  it.each([1e-300, 1e-12, 1, 12345.678, 1e15, 1e300])("keeps eight digits of values near %d", (size) => {
    const rng = new Rng(1, String(size));
    const values = Array.from({ length: 200 }, () => size * (1 + rng.uniform()));
    back("sharpness", values)!.forEach((value, i) =>
      expect(Math.abs((value as number) / values[i] - 1)).toBeLessThan(1e-7),
    );
  });

  it("keeps values that spread over powers of ten, change sign or are no numbers, each with its own digits", () => {
    for (const values of [
      [1, 1e-3, 1e-9],
      [1, -1, 0],
      [1, NaN, Infinity, -Infinity],
    ])
      expect(back("loss.train", values)).toEqual(values);
  });

  it("gives every reading the largest error bar, rounded up", () => {
    const bars = [1.23456e-5, 2.00001e-5, 3e-7];
    for (const bar of back("sharpness.error", bars)!) expect(bar).toBe(2.01e-5);
    expect(back("sharpness.error", [1, NaN])).toEqual([1, NaN]);
  });

  it("takes a few bytes a reading", () => {
    const values = Array.from({ length: 500 }, (_, i) => 40 + Math.sin(i / 10) * 0.01);
    expect(JSON.stringify(packColumn("sharpness", values)).length / 500).toBeLessThan(8);
  });

  it("takes two or three bytes of a curve that bends slowly, and gives the very values that its differences give", () => {
    const values = Array.from({ length: 500 }, (_, i) => Number((80 - 7e-5 * i - 1e-8 * i ** 2).toFixed(6)));
    const column = packColumn("sharpness", values);
    expect(column).toHaveProperty("turns");
    expect(JSON.stringify(column).length / 500).toBeLessThan(2.5);
    expect(back("sharpness", values)).toEqual(values);
    // To and fro, as at the edge of stability, the differences are the shorter.
    const swing = values.map((value, i) => value + (i % 2 === 0 ? 1e-4 : 0));
    expect(packColumn("sharpness", swing)).toHaveProperty("deltas");
  });

  it("of lists says the first entry once, where it is the sharpness", () => {
    const sharpness = [3, 4];
    const lists = [
      [3, 1],
      [4, 1.5],
    ];
    expect(packColumn("eigenvalues", lists, sharpness)).toMatchObject({ entries: [null, {}] });
    expect(back("eigenvalues", lists, sharpness)).toEqual(lists);
  });

  it.each([
    ["a list of another length", [1, 2, 3]],
    ["a list of words", ["a", "b"]],
    ["deltas that are no whole numbers", { scale: 2, deltas: [1, 0.5] }],
    ["turns that are no whole numbers", { scale: 2, turns: [1, null] }],
    ["too few turns", { scale: 2, turns: [1] }],
    ["a scale out of all bounds", { scale: 1e9, deltas: [1, 1] }],
    ["entries that are none", { entries: [[1], null] }],
    ["null", null],
  ])("refuses %s", (_what, column) => expect(unpackColumn(column, 2)).toBeUndefined());
});
