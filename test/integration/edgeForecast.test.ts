// When a run will meet its limit, against when it did: seeds and settings that the interval was not chosen on.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { edgeForecast, type EdgeForecast } from "../../src/record/edgeForecast";
import { RunSeries } from "../../src/record/runSeries";
import { root, seriesOf, startRun, temporary } from "../support/runs";
import { parseJsonSource } from "../../src/protocol/jsonSource";

const examples = ["edge-of-stability", "momentum-edge", "adam-edge"] as const;
const seeds = [11, 12, 13];

/** Every forecast that was made while a run trained, and the step at which it met its limit. */
function replay(series: RunSeries, learningRate: number): { made: EdgeForecast[]; met: number; end: number } {
  const limits = series.column("stability.meanLimit");
  const known = new RunSeries();
  const made: EdgeForecast[] = [];
  let met = Infinity;
  limits.values.forEach((limit, i) => {
    const step = limits.steps[i];
    if (met === Infinity && learningRate / limit >= 0.98) met = step;
    known.add({ kind: "metrics", step, time: step, values: { "stability.meanLimit": limit } });
    const forecast = edgeForecast(known, learningRate);
    if (forecast) made.push(forecast);
  });
  return { made, met, end: series.step };
}

test("four of five forecasts hold, made in every run, between steps of which the later is at most twice as far", async () => {
  let [held, told] = [0, 0];
  for (const name of examples)
    for (const seed of seeds) {
      const text = readFileSync(join(root, "examples", `${name}.basin.json`), "utf8");
      const own = parseJsonSource(text, name).value as { optimizer: { learningRate: number } };
      const probes = { sharpness: { every: 10, top: 1 } };
      const experiment = { ...own, seed, probes, stop: { steps: 2600 }, closing: { seconds: 1 } };
      const folder = temporary();
      const { run, exited } = startRun(folder, experiment);
      expect(await exited).toBe(0);
      const { made, met, end } = replay(seriesOf(run), own.optimizer.learningRate);
      expect(met, `${name}, seed ${seed}`).toBeLessThan(Infinity);
      expect(made.length, `${name}, seed ${seed}`).toBeGreaterThan(0);
      for (const { step, earliest, latest } of made) {
        expect(step).toBeLessThan(met);
        expect(latest - step).toBeLessThanOrEqual(2 * (earliest - step) + 3);
        // A run that ended before says nothing.
        if (met === Infinity && latest > end) continue;
        told++;
        if (earliest <= met && met <= latest) held++;
      }
    }
  console.log(`${held} of ${told} forecasts held (${((100 * held) / told).toFixed(0)} %).`);
  expect(held / told).toBeGreaterThan(0.8);
}, 300_000);
