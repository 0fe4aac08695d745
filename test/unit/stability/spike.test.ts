// Spikes of the loss: found where there are some, of a size that does not depend on scale or noise, and not in what merely swings or rises slowly.
import { describe, expect, test } from "vitest";
import { largestSpike, riseOf, spikesOf } from "../../../src/stability/spike";
import { Rng } from "../../../src/util/rng";

const m = 400;
const steps = Array.from({ length: m }, (_, i) => 10 * i);
const falling = (noise: number, seed = 1): number[] => {
  const rng = new Rng(seed, "spike");
  return steps.map((_, i) => Math.exp(-i / 80 + noise * rng.normal()));
};
/** `losses` with a bump of this factor that takes five losses up and down about place `at`. */
const bumped = (losses: readonly number[], at: number, factor: number): number[] =>
  losses.map((loss, i) => loss * factor ** Math.max(0, 1 - Math.abs(i - at) / 5));

describe.each([0, 0.1, 0.4])("noise of %d in the logarithm", (noise) => {
  test("a calm fall has none", () => {
    for (let seed = 0; seed < 20; seed++) expect(spikesOf(steps, falling(noise, seed))).toEqual([]);
  });

  test.each([1, 1e-6])("a bump far beyond it is one, where it is, at losses of %d", (scale) => {
    const losses = bumped(falling(noise), 200, noise > 0.2 ? 1e4 : 50).map((loss) => scale * loss);
    const spikes = spikesOf(steps, losses);
    expect(spikes).toHaveLength(1);
    const [{ from, peak, loss, peakLoss }] = spikes;
    expect(Math.abs(peak - 2000)).toBeLessThanOrEqual(10);
    expect(from).toBeGreaterThanOrEqual(1900);
    expect(from).toBeLessThan(1980);
    expect(peakLoss).toBe(Math.exp(Math.log(losses[peak / 10])));
    expect(peakLoss / loss).toBeGreaterThan(10);
  });
});

test("a loss above its noise of 2 % counts only from a factor of two on", () => {
  expect(spikesOf(steps, bumped(falling(0.02), 200, 1.6))).toEqual([]);
  expect(spikesOf(steps, bumped(falling(0.02), 200, 4))).toHaveLength(1);
});

test("where losses swing as far all the time there is none", () => {
  const swing = steps.map((_, i) => (i % 7 < 3 ? 3 : 1));
  expect(spikesOf(steps, swing)).toEqual([]);
});

test("divergence is the largest of all; of two that are as large the later one counts", () => {
  const twice = bumped(bumped(falling(0), 120, 20), 300, 20);
  expect(spikesOf(steps, twice)).toHaveLength(2);
  expect(largestSpike(spikesOf(steps, twice))!.peak).toBe(3000);
  const gone = [...twice.slice(0, -2), 1e9, NaN];
  const spike = largestSpike(spikesOf(steps, gone))!;
  expect(spike).toMatchObject({ peak: 3990, peakLoss: Infinity, from: 3970 });
  expect(riseOf(spike)).toBe(Infinity);
  expect(largestSpike([])).toBeNull();
  expect(spikesOf([0, 1], [1, 100])).toEqual([]);
});
