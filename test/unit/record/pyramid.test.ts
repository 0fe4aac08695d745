// Decimation against looking at every point.
import { describe, expect, it } from "vitest";
import { Column } from "../../../src/record/column";
import { decimate } from "../../../src/record/pyramid";
import { Rng } from "../../../src/util/rng";

const rng = new Rng(5, "pyramid");

function randomColumn(n: number): Column {
  const column = new Column();
  let step = 0;
  for (let i = 0; i < n; i++) {
    step += 1 + Math.floor(3 * rng.uniform());
    column.add(step, rng.uniform() < 0.001 ? NaN : rng.normal());
  }
  return column;
}

describe("decimate", () => {
  it("keeps the smallest and the largest value of every stretch, wherever it is zoomed to", () => {
    const column = randomColumn(70_000);
    const { steps, values } = column;
    for (let round = 0; round < 30; round++) {
      const [a, b] = [rng.uniform(), rng.uniform()]
        .sort((x, y) => x - y)
        .map((x) => x * steps[steps.length - 1]);
      const buckets = 50;
      const seen = decimate(column, buckets, a, b);
      const inside = Array.from(steps, (step, i) => [step, values[i]]).filter(
        ([step]) => step >= a && step <= b,
      );
      const finite = inside.map(([, value]) => value).filter(Number.isFinite);
      const shown = Array.from(seen.values).filter(Number.isFinite);
      if (finite.length === 0) continue;
      expect(Math.max(...shown)).toBeGreaterThanOrEqual(Math.max(...finite));
      expect(Math.min(...shown)).toBeLessThanOrEqual(Math.min(...finite));
      expect(seen.steps.length).toBeLessThanOrEqual(Math.max(3 * buckets + 2, 2 * buckets));
      // Every point shown is one of the column, in order.
      const at = new Map(Array.from(steps, (step, i) => [step, values[i]]));
      Array.from(seen.steps).forEach((step, i) => expect(at.get(step)).toBe(seen.values[i]));
      expect(Array.from(seen.steps)).toEqual([...new Set(seen.steps as Float64Array)].sort((x, y) => x - y));
    }
  });

  it("agrees with a plain search bucket by bucket while the column grows and is rewound", () => {
    const column = randomColumn(5000);
    decimate(column, 10);
    column.rewind(column.steps[4000]);
    for (let i = 0; i < 3000; i++) column.add(100_000 + i, rng.normal());
    const seen = decimate(column, 20);
    const { values } = column;
    const n = values.length;
    for (let b = 0; b < 20; b++) {
      const part = Array.from(values.slice(Math.floor((b * n) / 20), Math.floor(((b + 1) * n) / 20))).filter(
        Number.isFinite,
      );
      expect(Array.from(seen.values)).toContain(Math.max(...part));
      expect(Array.from(seen.values)).toContain(Math.min(...part));
    }
  });

  it("leaves a short column as it is", () => {
    const column = Column.of([1, 2, 3], [4, 5, 6]);
    expect([...(decimate(column, 100).values as Float64Array)]).toEqual([4, 5, 6]);
  });
});
