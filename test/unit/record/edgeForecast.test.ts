// When the sharpness will meet its limit: lines whose crossing is known, and what is no rise.
import { expect, test } from "vitest";
import { edgeForecast } from "../../../src/record/edgeForecast";
import { RunSeries } from "../../../src/record/runSeries";

const rate = 0.1;

/** A run whose η / limit is `share` at each reading. */
function run(share: (step: number) => number, { from = 0, to = 1000, every = 10 } = {}): RunSeries {
  const series = new RunSeries();
  for (let step = from; step <= to; step += every)
    series.add({ kind: "metrics", step, time: step, values: { "stability.meanLimit": rate / share(step) } });
  return series;
}

test("a straight rise is met where its line crosses 1, within the interval", () => {
  const found = edgeForecast(
    run((step) => 0.4 + step / 2000),
    rate,
  )!;
  expect(found.step).toBe(1000);
  expect(found.share).toBeCloseTo(0.9, 12);
  // The line crosses at step 1200.
  expect(found.earliest).toBeGreaterThan(1100);
  expect(found.earliest).toBeLessThan(1200);
  expect(found.latest).toBeGreaterThan(1200);
  expect(found.latest - 1000).toBeLessThanOrEqual(2 * (found.earliest - 1000) + 1);
});

test.each([
  ["falls", (step: number) => 0.9 - step / 4000],
  ["is far from its limit", (step: number) => 0.1 + step / 5000],
  ["has met it", (step: number) => 0.5 + step / 1900],
  ["swings about it", (step: number) => 0.95 + 0.06 * Math.sin(step)],
  ["rises too slowly to tell when", (step: number) => 0.6 + step / 100_000],
  ["only trembles", (step: number) => 0.7 + 0.1 * Math.sin(step * step)],
  ["is no number", () => NaN],
])("nothing is foretold of a run that %s", (_what, share) => {
  expect(edgeForecast(run(share), rate)).toBeNull();
});

test("a single reading that is no number takes the forecast away, and few readings give none", () => {
  const series = run((step) => 0.4 + step / 2000);
  series.add({ kind: "metrics", step: 1010, time: 1010, values: { "stability.meanLimit": NaN } });
  expect(edgeForecast(series, rate)).toBeNull();
  expect(
    edgeForecast(
      run((step) => 0.4 + step / 2000, { from: 960 }),
      rate,
    ),
  ).toBeNull();
});
