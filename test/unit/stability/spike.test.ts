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

/** As the definition reads, by sorting: the first step of each spike, and its peak. */
function bySorting(losses: readonly number[], window: number): readonly (readonly [number, number])[] {
  const y = losses.map((loss) => (Number.isFinite(loss) ? Math.log(loss) : Infinity));
  const at = (values: readonly number[], share: number): number =>
    [...values].sort((a, b) => a - b)[Math.floor(share * values.length)];
  const found: [number, number][] = [];
  for (let i = 12; i < y.length; i++) {
    const before = y.slice(Math.max(0, i - window), i).filter(Number.isFinite);
    if (before.length < 12) continue;
    const course = at(before, 0.5);
    const spread =
      1.4826 *
      at(
        before.map((value) => Math.abs(value - course)),
        0.5,
      );
    const threshold = Math.max(Math.LN2, 8 * spread, at(before, 0.9) - course + Math.LN2 / 2);
    if (!(y[i] > course + threshold)) continue;
    const begun = y.findLastIndex((value, j) => j < i && (j === 0 || value <= course + spread));
    const length = y.slice(i).findIndex((value) => value - course <= threshold / 2);
    const end = length < 0 ? y.length : i + length;
    const peak = y.indexOf(Math.max(...y.slice(i, end)), i);
    found.push([begun, peak]);
    i = end;
  }
  return found;
}

test.each([1, 2, 3, 4])("losses with heavy tails and gaps, as the definition says, %d", (seed) => {
  const rng = new Rng(seed, "tails");
  const losses = Array.from({ length: 3000 }, (_, i) => {
    const jump = rng.uniform() < 0.01 ? 5 * rng.uniform() : 0;
    return rng.uniform() < 0.005 ? NaN : Math.exp(-i / 900 + 0.1 * rng.normal() + jump);
  });
  const found = spikesOf(
    losses.map((_, i) => i),
    losses,
  );
  const expected = bySorting(losses, 150);
  expect(expected.length).toBeGreaterThan(5);
  expect(found.map(({ from, peak }) => [from, peak])).toEqual(expected);
});

test("of a quarter of a million losses they are found as of few", () => {
  const rng = new Rng(7, "long");
  const length = 250_000;
  const places = [40_000, 40_900, 200_000];
  const losses = Array.from({ length }, (_, i) => Math.exp(-i / 80_000 + 0.1 * rng.normal()));
  for (const place of places) for (let i = 0; i < 300; i++) losses[place + i] *= 30;
  const found = spikesOf(
    losses.map((_, i) => i),
    losses,
  );
  expect(found).toHaveLength(places.length);
  found.forEach(({ from }, i) => expect(from).toBe(places[i] - 1));
});
