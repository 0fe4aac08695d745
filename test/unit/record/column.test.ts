// A column that keeps a summary of a long run: the latest points, or all of it thinned out.
import { expect, test } from "vitest";
import { Column } from "../../../src/record/column";
import { Rng } from "../../../src/util/rng";

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

test("a column says from where on a copy of it has to be copied anew", () => {
  const rng = new Rng(5, "test");
  const column = new Column(300, true);
  let copy: { readonly version: number; readonly steps: number[]; readonly values: number[] } = {
    version: 0,
    steps: [],
    values: [],
  };
  let copied = 0;
  for (let i = 0; i < 3000; i++) {
    // Mostly onwards, now and then back among the latest points, seldom a resume that takes some back.
    const last = column.lastStep ?? 0;
    const back = Math.floor(12 * rng.uniform());
    if (i % 97 === 0) column.rewind(last - 5);
    else if (i % 3 === 0) column.add(Math.max(0, last - back), rng.uniform());
    else if (i % 5 === 0)
      column.append(
        [last - back, last + 1, last + 3].filter((step) => step >= 0),
        [1, 2, 3],
      );
    else column.add(last + 1 + back, rng.uniform());
    if (rng.uniform() < 0.7) continue;
    const from = Math.min(copy.steps.length, column.unchangedSince(copy.version));
    copied += column.length - from;
    copy = {
      version: column.version,
      steps: [...copy.steps.slice(0, from), ...column.steps.subarray(from)],
      values: [...copy.values.slice(0, from), ...column.values.subarray(from)],
    };
    expect(copy.steps).toEqual(Array.from(column.steps));
    expect(copy.values).toEqual(Array.from(column.values));
  }
  // Copied whole each time it would be some 400,000.
  expect(copied).toBeLessThan(100_000);
});
