// Where a run leaves checkpoints: often enough to go on from, and never so many that they fill a disk.
import { expect, test } from "vitest";
import { isCheckpointStep } from "../../../src/trainers/basin/checkpointSteps";

const steps = (end: number, every?: number): number[] => {
  const found: number[] = [];
  for (let step = 1; step <= end; step++) if (isCheckpointStep(step, every)) found.push(step);
  return found;
};

test("a distance that is given holds however long the run is", () => {
  expect(steps(100_000, 30)).toHaveLength(3333);
});

test("without one they are 500 steps apart, and in a long run never more than a 64th of it", () => {
  expect(steps(3000)).toEqual([500, 1000, 1500, 2000, 2500, 3000]);
  const found = steps(5_000_000);
  found.slice(1).forEach((step, i) => {
    const gap = step - found[i];
    expect(gap, `before step ${step}`).toBeLessThanOrEqual(Math.max(500, step / 64));
  });
  // Each doubling of the steps adds 64.
  expect(found.length).toBeLessThan(64 + 65 * Math.log2(5_000_000 / 32_000));
});
