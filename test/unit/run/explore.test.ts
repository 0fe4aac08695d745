// Branches from one minimum: larger rates reach flatter ones, and what is told of a point is what `measure` says there.
import { beforeAll, describe, expect, it } from "vitest";
import { plainMeter } from "../../../src/curvature/meter";
import { openEngine } from "../../../src/engines";
import { unlimited } from "../../../src/measure/budget";
import { closingMeasurement } from "../../../src/measure/closing";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { displacementAt } from "../../../src/run/displaced";
import { exploreBranch, placeOf, type Minimum } from "../../../src/run/explore";
import { ProbingRun } from "../../../src/run/probingRun";
import { PointSource } from "../../../src/trainers/basin/point";
import { Problem } from "../../../src/trainers/basin/problem";
import { pointAt } from "../../../src/trainers/basin/trainer";

const none = { slots: new Map<string, Float32Array>(), since: 0, sampler: null };

async function minimumOf(given: object, steps: number): Promise<Minimum> {
  const { points, problems } = checkExperiment(JSON.stringify(given), "a.basin.json");
  expect(problems).toEqual([]);
  const [{ experiment }] = points;
  const problem = await Problem.load(experiment, "a.basin.json", await openEngine("auto", { threads: 1 }));
  const run = await ProbingRun.open(problem, { theta: await problem.start() });
  await run.advance(steps);
  const source = PointSource.open(problem, plainMeter());
  const theta = run.theta.slice();
  const point = await pointAt(problem, source, { theta, step: null, slots: none.slots, count: 0 });
  const saved = {
    ...none,
    theta,
    step: steps,
    time: 0,
    initialLoss: 1,
    loss: 0,
    buffers: new Map(),
    memories: new Map(),
    limits: {},
    course: new Map(),
    readings: [],
  };
  return { problem, saved, points: source, delta: await displacementAt(point, 0) };
}

describe("from a sharp minimum of a tanh net", () => {
  let minimum: Minimum;
  let sharp: number;
  beforeAll(async () => {
    // Large first weights: a sharp start, which small steps do not leave.
    minimum = await minimumOf(
      {
        seed: 1,
        data: { source: "chebyshev", degree: 3, examples: 8, testExamples: 0 },
        model: { hidden: [12], activation: "tanh" },
        optimizer: { learningRate: 0.04 },
      },
      20_000,
    );
    const { problem, points, saved } = minimum;
    const point = await pointAt(problem, points, {
      theta: saved.theta,
      step: null,
      slots: none.slots,
      count: 0,
    });
    sharp = (await placeOf(point)).sharpness;
  });

  it("a rate below its limit stays, with full batches", async () => {
    const setting = { learningRate: 1 / sharp, batchSize: "full", momentum: 0 } as const;
    const branch = await exploreBranch(minimum, setting, 500);
    expect(branch.outcome).toBe("stayed");
    expect(branch.sharpness / sharp).toBeCloseTo(1, 2);
  });

  it("rates beyond it leave for minima that are flat enough for them", async () => {
    const rates = [2.4 / sharp, 3 / sharp];
    const reached = [];
    for (const learningRate of rates) {
      const branch = await exploreBranch(minimum, { learningRate, batchSize: "full", momentum: 0 }, 2000);
      expect(branch.outcome).toBe("moved");
      expect(branch.limit).toBeCloseTo(2 / learningRate, 6);
      expect(branch.sharpness).toBeLessThan(1.02 * (2 / learningRate));
      reached.push(branch.sharpness);
    }
    expect(reached[1]).toBeLessThan(reached[0]);
    expect(reached[0]).toBeLessThan(sharp);
  });

  it("what is told of the point reached is what the closing measurement says there", async () => {
    const { problem, points } = minimum;
    const setting = { learningRate: 2.4 / sharp, batchSize: 2, momentum: 0 };
    const branch = await exploreBranch(minimum, setting, 300);
    const own = { theta: branch.theta, step: null, slots: none.slots, count: 0 };
    const point = await pointAt(problem, points, own);
    const budget = unlimited(2 ** 30);
    const { readings } = await closingMeasurement(point, {
      probes: problem.experiment.probes,
      budget,
      extent: "verdict",
    });
    const valueOf = (metric: string) => Number(readings.find((one) => one.metric === metric)!.value);
    expect(branch.sharpness / valueOf("sharpness")).toBeCloseTo(1, 2);
    expect(branch.nonuniformity / valueOf("nonuniformity")).toBeCloseTo(1, 2);
    expect(branch.loss).toBeCloseTo(valueOf("loss.train"), 6);
  });

  it("a rate that nothing bears diverges, which is a result", async () => {
    const branch = await exploreBranch(minimum, { learningRate: 1e6, batchSize: "full", momentum: 0.9 }, 200);
    expect(branch.outcome).toBe("diverged");
  });
});

it("noise leads from the uneven one of two equally sharp minima to the even one (Wu, Ma & E 2018)", async () => {
  const minimum = await minimumOf(
    {
      data: { source: "two-minima" },
      model: { kind: "twoMinima", start: 1.05 },
      optimizer: { learningRate: 0.5 },
    },
    200,
  );
  const { saved } = minimum;
  expect(saved.theta[0]).toBeCloseTo(1, 5);
  const stays = await exploreBranch(minimum, { learningRate: 0.7, batchSize: "full", momentum: 0 }, 300);
  expect(stays).toMatchObject({ outcome: "stayed" });
  expect(stays.nonuniformity).toBeCloseTo(1.8, 3);
  const leaves = await exploreBranch(minimum, { learningRate: 0.7, batchSize: 1, momentum: 0 }, 300);
  expect(leaves).toMatchObject({ outcome: "moved" });
  expect(leaves.nonuniformity).toBeCloseTo(0, 3);
  expect(leaves.distance).toBeCloseTo(1, 3);
});
