// Columns on a grid they share: nothing that a chart of that width would show is lost, and nothing moves by more than a stretch.
import { expect, test } from "vitest";
import { Column } from "../../../src/record/column";
import { decimateOnto, placesOf } from "../../../src/record/pyramid";
import { Rng } from "../../../src/util/rng";

const n = 20_000;
const random = new Rng(7, "grid");
const long = Column.of(
  Float64Array.from({ length: n }, (_, i) => 3 * i + 0.5),
  Float64Array.from({ length: n }, () => random.uniform()),
);
const grid = { from: 1000, to: 50_000, stretches: 50 };

test("of each stretch the smallest and the largest value are kept, in their order", () => {
  const row = decimateOnto(long, grid);
  const places = placesOf(grid);
  expect(row).toHaveLength(places.length);
  const size = (grid.to - grid.from) / grid.stretches;
  for (let b = 0; b < grid.stretches; b++) {
    const [from, to] = [grid.from + b * size, grid.from + (b + 1) * size];
    const inside = [...long.values].filter((_, i) => long.steps[i] >= from && long.steps[i] < to);
    const [low, high] = [Math.min(...inside), Math.max(...inside)];
    const expected = inside.indexOf(low) < inside.indexOf(high) ? [low, high] : [high, low];
    expect(row.slice(2 * b + 1, 2 * b + 3)).toEqual(expected);
    expect(places[2 * b + 1]).toBeGreaterThan(from);
    expect(places[2 * b + 2]).toBeLessThan(to);
  }
});

test("at the ends a line leaves the frame where it does, and few points stay where they are up to half a stretch", () => {
  const few = Column.of(Float64Array.of(0, 10, 30, 100), Float64Array.of(0, 1, 3, 10));
  const around = { from: 5, to: 65, stretches: 6 };
  const row = decimateOnto(few, around);
  const places = placesOf(around);
  expect([row[0], row.at(-1)]).toEqual([0.5, 6.5]);
  const kept = [...places].flatMap((x, i) => (row[i] === undefined ? [] : [[x, row[i]]]));
  expect(kept.map(([, value]) => value)).toEqual([0.5, 1, 3, 6.5]);
  for (const [x, value] of kept) expect(Math.abs((x ?? 0) - 10 * (value ?? 0))).toBeLessThanOrEqual(5);
});

test("what is not finite shows as an end, and a column beyond the grid or empty has nothing on it", () => {
  const broken = Column.of(Float64Array.of(1, 2, 3, 4), Float64Array.of(5, 7, NaN, Infinity));
  expect(decimateOnto(broken, { from: 0, to: 10, stretches: 1 })).toEqual([undefined, 7, NaN, undefined]);
  expect(decimateOnto(broken, { from: 20, to: 30, stretches: 2 }).every((x) => x === undefined)).toBe(true);
  expect(decimateOnto(new Column(), grid).every((x) => x === undefined)).toBe(true);
});
