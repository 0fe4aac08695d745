// When a run will meet its limit, against when it did: seeds and settings that the interval was not chosen on.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { edgeForecast, type EdgeForecast } from "../../src/record/edgeForecast";
import { RunSeries } from "../../src/record/runSeries";
import { root, seriesOf, startRun, temporary } from "../support/runs";
import { checkExperiment } from "../../src/protocol/checkExperiment";

/** Of each example every point, with seeds of its own; those of the last two were run only after the interval had been chosen. */
const examples = [
  ["edge-of-stability", [11, 12, 13]],
  ["momentum-edge", [11, 12, 13]],
  ["adam-edge", [11, 12, 13]],
  ["paper/edge-of-stability/activations", [21, 22]],
  ["paper/edge-of-stability/momenta", [21, 22]],
] as const;

/** Every forecast that was made while a run trained, and the step at which it met its limit. */
function replay(series: RunSeries, learningRate: number): { made: EdgeForecast[]; met: number } {
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
  return { made, met };
}

function pointsOf(name: string) {
  const file = join(root, "examples", `${name}.basin.json`);
  const { points, problems } = checkExperiment(readFileSync(file, "utf8"), file);
  expect(problems).toEqual([]);
  return points.map(({ experiment }) => experiment);
}

test("four of five forecasts hold, made in every run, between steps of which the later is at most twice as far", async () => {
  let [held, told] = [0, 0];
  const ratios: number[] = [];
  for (const [name, seeds] of examples)
    for (const own of pointsOf(name))
      for (const seed of seeds) {
        const probes = { sharpness: { every: 10, top: 1 } };
        const experiment = { ...own, seed, probes, stop: { steps: 2600 }, closing: { seconds: 1 } };
        const folder = temporary();
        const { run, exited } = startRun(folder, experiment);
        expect(await exited).toBe(0);
        const { made, met } = replay(seriesOf(run), own.optimizer.learningRate);
        expect(met, `${name}, seed ${seed}`).toBeLessThan(Infinity);
        expect(made.length, `${name}, seed ${seed}`).toBeGreaterThan(0);
        for (const { step, earliest, latest } of made) {
          expect(step).toBeLessThan(met);
          expect(latest - step).toBeLessThanOrEqual(2 * (earliest - step) + 3);
          ratios.push((latest - step) / Math.max(1, earliest - step));
          told++;
          if (earliest <= met && met <= latest) held++;
        }
      }
  ratios.sort((a, b) => a - b);
  const median = ratios[ratios.length >> 1];
  console.log(
    `${held} of ${told} forecasts held (${((100 * held) / told).toFixed(0)} %), their later ends ${median.toFixed(2)} times as far as their earlier ones on the median.`,
  );
  expect(held / told).toBeGreaterThan(0.8);
  // One that always held would say less than it could.
  expect(held / told).toBeLessThan(0.92);
  expect(median).toBeLessThan(2.05);
}, 300_000);
