// A column that keeps a summary of a long run: the latest points, or all of it thinned out.
import { expect, test } from "vitest";
import { Column } from "../../../src/record/column";

test("a column of the latest points drops the oldest", () => {
  const column = new Column(10);
  for (let i = 0; i < 1000; i++) column.add(i, i);
  expect(column.length).toBeLessThan(20);
  expect(column.lastStep).toBe(999);
  expect(column.steps[0]).toBeGreaterThan(970);
});

test("a column of the whole run keeps its beginning, its end and every spike, in few points and in order", () => {
  for (const inOneGo of [false, true]) {
    const column = new Column(64, true);
    const steps = Array.from({ length: 100_000 }, (_, i) => i);
    const values = steps.map((i) =>
      i === 31_337 ? 50 : i === 71_000 ? -50 : i === 80_000 ? NaN : Math.sin(i / 9000),
    );
    if (inOneGo) column.append(steps, values);
    else steps.forEach((step, i) => column.add(step, values[i]));
    expect(column.length).toBeLessThan(128);
    expect(column.steps[0]).toBeLessThan(5000);
    expect(column.lastStep).toBeGreaterThan(95_000);
    expect(Array.from(column.values)).toEqual(expect.arrayContaining([50, -50, NaN]));
    expect(Array.from(column.steps)).toEqual(Array.from(column.steps).sort((a, b) => a - b));
  }
});
