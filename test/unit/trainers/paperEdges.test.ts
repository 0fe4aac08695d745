// The runs of examples/paper that go to the edge of stability, shortened: their sharpness, by differences of gradients, against the papers' formulas.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { plainMeter } from "../../../src/curvature/meter";
import { openEngine } from "../../../src/engines";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { Problem } from "../../../src/trainers/basin/problem";
import { Trainer } from "../../../src/trainers/basin/trainer";
import { sharpnessByDifferences } from "../../support/differences";

const paper = join(import.meta.dirname, "../../../examples/paper");

function experimentsOf(name: string) {
  const file = join(paper, `${name}.basin.json`);
  const { points, problems } = checkExperiment(readFileSync(file, "utf8"), file);
  expect(problems).toEqual([]);
  return points.map(({ experiment }) => ({ experiment, file }));
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Trains, and measures at the start and twenty times over the last thousand steps. */
async function train({ experiment, file }: ReturnType<typeof experimentsOf>[number], steps: number) {
  const problem = await Problem.load(experiment, file, await openEngine("auto"));
  const trainer = await Trainer.open(problem, null, plainMeter());
  const first = await sharpnessByDifferences(trainer, null);
  const sharpness: number[] = [];
  const losses: number[] = [];
  for (let t = 0; t < steps; t++) {
    losses.push(await trainer.computeGradient());
    if (!(losses[t] < 1e4 * losses[0])) return { first, sharpness, losses, diverged: true };
    const before = trainer.point().theta.slice();
    trainer.advance();
    if (t >= steps - 1000 && t % 50 === 49) sharpness.push(await sharpnessByDifferences(trainer, before));
  }
  return { first, sharpness, losses, diverged: false };
}

describe("Cohen et al. 2021", () => {
  const runs = ["activations", "momenta"].flatMap((name) => experimentsOf(`edge-of-stability/${name}`));
  test.each(
    runs.map((run) => {
      const { model, optimizer } = run.experiment as unknown as {
        model: { activation: string };
        optimizer: { learningRate: number; momentum: number; nesterov: boolean };
      };
      const { learningRate, momentum, nesterov } = optimizer;
      const limit = (2 + 2 * momentum) / ((nesterov ? 1 + 2 * momentum : 1) * learningRate);
      return { ...run, limit, activation: model.activation, momentum, nesterov };
    }),
  )(
    "$activation, momentum $momentum, Nesterov $nesterov: the sharpness rises to its limit and hovers there while the loss falls",
    async ({ limit, ...run }) => {
      const { first, sharpness, losses } = await train(run, 5000);
      expect(first).toBeLessThan(0.6 * limit);
      // elu still swings widely after five thousand steps, and a relu's curvature jumps.
      const tolerance = run.activation === "tanh" ? 0.02 : 0.08;
      expect(Math.abs(median(sharpness) / limit - 1)).toBeLessThan(tolerance);
      expect(median(losses.slice(-1000))).toBeLessThan(0.6 * losses[0]);
    },
  );
});

describe("Gilmer et al. 2021", () => {
  test.each(
    experimentsOf("warm-up/warm-up").map((run) => ({
      ...run,
      steps: run.experiment.optimizer.schedule!.warmup,
    })),
  )(
    "a learning rate that the start does not bear, after a warm-up of $steps steps",
    async ({ steps, ...run }) => {
      const limit = 2 / run.experiment.optimizer.learningRate;
      const { first, sharpness, losses, diverged } = await train(run, 2500);
      expect(first).toBeGreaterThan(2 * limit);
      expect(diverged).toBe(steps < 300);
      if (diverged) return;
      expect(Math.abs(median(sharpness) / limit - 1)).toBeLessThan(0.1);
      expect(median(losses.slice(-1000))).toBeLessThan(0.1 * losses[0]);
    },
  );
});
