// False alarms of the search for spikes: runs of the shipped examples on seeds that nothing was chosen on, in which the loss never jumped.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plainMeter } from "../../../src/curvature/meter";
import { openEngine } from "../../../src/engines";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { spikesOf } from "../../../src/stability/spike";
import { Problem } from "../../../src/trainers/basin/problem";
import { Trainer } from "../../../src/trainers/basin/trainer";

/** So far above the least loss before it no step may be for its run to count as one without a spike. */
const calm = 3;
/** Share of them that may be said to have one. */
const mostAlarms = 0.05;
const seeds = [20, 21, 22, 23];
/** Examples, each with settings and steps that a test has time for. */
const examples = [
  { file: "spirals", steps: 500, set: {} },
  { file: "label-noise", steps: 2000, set: {} },
  { file: "central-flow", steps: 700, set: {} },
  { file: "edge-of-stability", steps: 500, set: {} },
  { file: "adam-edge", steps: 400, set: {} },
  ...[0.05, 0.2].flatMap((learningRate) =>
    [2, 16].map((batchSize) => ({ file: "sweep", steps: 500, set: { learningRate, batchSize } })),
  ),
];

/** Losses of all training examples: those that a run's log has, and at every step (with mini-batches at every fourth). */
async function train({ file, steps, set }: (typeof examples)[number], seed: number) {
  const text = readFileSync(join(import.meta.dirname, `../../../examples/${file}.basin.json`), "utf8");
  const { problems, points } = checkExperiment(text, `${file}.basin.json`);
  expect(problems).toEqual([]);
  const { experiment: shipped } = points[0];
  const experiment = { ...shipped, seed, optimizer: { ...shipped.optimizer, ...set } };
  const problem = await Problem.load(experiment, file, await openEngine("auto"));
  const trainer = await Trainer.open(problem, null, plainMeter());
  const full = problem.batchSize === problem.n;
  const logged = full ? 10 : Math.floor(problem.n / problem.batchSize);
  const [at, log, all]: [number[], number[], number[]] = [[], [], []];
  for (let t = 0; t < steps; t++) {
    const own = await trainer.computeGradient();
    if (full || t % 4 === 0 || t % logged === 0) {
      const loss = full && !experiment.optimizer.labelNoise ? own : await trainer.fullLoss();
      all.push(loss);
      if (t % logged === 0) {
        at.push(t);
        log.push(full ? own : loss);
      }
    }
    trainer.advance();
  }
  return { at, log, all };
}

/** The largest factor by which a loss lies above the least before it. */
function largestRise(losses: readonly number[]): number {
  let [least, rise] = [Infinity, 1];
  for (const loss of losses) {
    least = Math.min(least, loss);
    rise = Math.max(rise, Number.isFinite(loss) ? loss / least : Infinity);
  }
  return rise;
}

test("of runs without a spike at most one in twenty is said to have one", async () => {
  let [without, alarms] = [0, 0];
  for (const example of examples)
    for (const seed of seeds) {
      const { at, log, all } = await train(example, seed);
      if (largestRise(all) > calm) continue;
      without++;
      if (spikesOf(at, log).length > 0) alarms++;
    }
  console.log(
    `false alarms: ${alarms} of ${without} runs without a spike (${examples.length * seeds.length} trained)`,
  );
  // Fewer would say nothing of one in twenty.
  expect(without).toBeGreaterThan(20);
  expect(alarms / without).toBeLessThanOrEqual(mostAlarms);
}, 60_000);
