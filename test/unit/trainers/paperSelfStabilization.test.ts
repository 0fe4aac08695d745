// Self-stabilization of Damian, Nichani & Lee 2023: what both forces on the sharpness add up to, beside the sharpness by differences of gradients.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plainMeter } from "../../../src/curvature/meter";
import { openEngine } from "../../../src/engines";
import { unlimited } from "../../../src/measure/budget";
import { ProbeMemory } from "../../../src/measure/memory";
import { manifold } from "../../../src/measure/probes/manifold";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { Problem } from "../../../src/trainers/basin/problem";
import { Trainer } from "../../../src/trainers/basin/trainer";
import { Rng } from "../../../src/util/rng";
import { sharpnessByDifferences } from "../../support/differences";

const file = join(
  import.meta.dirname,
  "../../../examples/paper/self-stabilization/self-stabilization.basin.json",
);

interface Moment {
  readonly sharpness: number;
  /** Predicted change in this step, by the gradient and by the swing. */
  readonly rate: number;
  readonly fall: number;
  /** Length of the step before. */
  readonly step: number;
}

test("the gradient drives the sharpness beyond 2/η, the swing grows by ηS − 1 and pulls it back below", async () => {
  const { points } = checkExperiment(readFileSync(file, "utf8"), file);
  const { experiment } = points[0];
  const { learningRate } = experiment.optimizer;
  const limit = 2 / learningRate;
  const problem = await Problem.load(experiment, file, await openEngine("auto"));
  const trainer = await Trainer.open(problem, null, plainMeter());
  const memory = new ProbeMemory(new Rng(0, "forces"));
  let before = trainer.point().theta.slice();
  const advance = async (steps: number): Promise<void> => {
    for (let i = 0; i < steps; i++) {
      await trainer.computeGradient();
      before = trainer.point().theta.slice();
      trainer.advance();
    }
  };
  const look = async (): Promise<Moment> => {
    const point = trainer.point();
    const { probes } = experiment;
    const budget = unlimited(1e9);
    const task = {
      point,
      probes,
      effort: "running",
      memory,
      budget,
      known: new Map(),
      initialLoss: NaN,
    } as const;
    const { readings } = await manifold.measure(task);
    const value = (name: string) => readings.find(({ metric }) => metric === name)!.value as number;
    return {
      sharpness: await sharpnessByDifferences(trainer, null),
      rate: value("sharpness.rate"),
      fall: value("sharpness.fall"),
      step: Math.hypot(...point.theta.map((x, i) => x - before[i])),
    };
  };
  // Progressive sharpening: a reading stands for ten steps.
  await advance(1300);
  const start = await look();
  let predicted = 0;
  for (let i = 0; i < 20; i++) {
    predicted += 10 * (await look()).rate;
    await advance(10);
  }
  const risen = (await look()).sharpness - start.sharpness;
  expect(risen).toBeGreaterThan(5);
  expect(Math.abs(predicted / risen - 1)).toBeLessThan(0.03);
  // To the end of the first fall: rounding decides when the swing has grown enough.
  await advance(150);
  const moments: Moment[] = [];
  for (let i = 0; i < 120 && !(moments.length > 40 && moments.at(-1)!.sharpness < limit); i++) {
    await advance(1);
    moments.push(await look());
  }
  const last = moments.length - 1;
  const first = moments.findIndex(({ rate, fall }) => fall > rate);
  expect(moments[last].sharpness).toBeLessThan(limit);
  expect(moments[first].sharpness).toBeGreaterThan(limit + 3);
  // Halfway down the swing is still so small that its third order says it all.
  const half = (moments[first].sharpness + limit) / 2;
  const middle = moments.findIndex(({ sharpness }, i) => i > first && sharpness < half);
  const fallen = moments[middle].sharpness - moments[first].sharpness;
  const forces = moments.slice(first, middle).reduce((sum, { rate, fall }) => sum + rate - fall, 0);
  expect(fallen).toBeLessThan(-2);
  expect(Math.abs(forces / fallen - 1)).toBeLessThan(0.2);
  // While the swing is the step, and still small, it grows as linear stability says.
  const growing = moments.slice(first - 4, first);
  growing.forEach(({ step, sharpness }, i) => {
    const ratio = step / moments[first - 5 + i].step;
    expect(Math.abs(ratio / (learningRate * sharpness - 1) - 1)).toBeLessThan(0.02);
  });
});
