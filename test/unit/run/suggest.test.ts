// A suggested learning rate: the limit of the first step against that step itself, the search against closed forms and against grids.
import { describe, expect, it } from "vitest";
import { openEngine } from "../../../src/engines";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { atRate, ProbingRun } from "../../../src/run/probingRun";
import { searchRate, type Trial } from "../../../src/run/rateSearch";
import { startCurvature } from "../../../src/run/startCurvature";
import { grid, suggestRate } from "../../../src/run/suggest";
import { Problem } from "../../../src/trainers/basin/problem";

async function problemOf(given: object): Promise<Problem> {
  const { points, problems } = checkExperiment(JSON.stringify(given), "a.basin.json");
  expect(problems).toEqual([]);
  return Problem.load(points[0].experiment, "a.basin.json", await openEngine("auto", { threads: 1 }));
}

/** Training loss after one step at a rate. */
async function lossAfterOne(problem: Problem, rate: number, seed = 0): Promise<number> {
  const optimizer = atRate(problem.experiment.optimizer, rate, null);
  const run = await ProbingRun.open(problem.withTraining({ optimizer, seed }), {
    theta: await problem.start(),
  });
  await run.advance(1);
  return run.score();
}

/** Linear in its parameters, so that the loss is a parabola along any line. */
const linear = {
  data: { source: "teacher", inputs: 5, hidden: [], examples: 40, testExamples: 0, noise: 0.5 },
  model: { hidden: [] },
};

describe("the one-step descent limit of a linear model", () => {
  it.each([
    ["gradient descent", { kind: "sgd" }],
    ["heavy ball", { kind: "sgd", momentum: 0.9 }],
    ["Adam", { kind: "adam" }],
    ["RMSProp", { kind: "rmsprop" }],
  ])(
    "is the rate at which the first step of %s with full batches leaves the loss as it was",
    async (_name, optimizer) => {
      const problem = await problemOf({ ...linear, optimizer: { ...optimizer, learningRate: 0.1 } });
      const theta = await problem.start();
      const { loss } = await problem.score(problem.data.train, theta);
      const { descentLimit, descentLimitError } = await startCurvature(problem, theta, 1e4);
      expect(descentLimitError).toBe(0);
      expect((await lossAfterOne(problem, descentLimit)) / loss).toBeCloseTo(1, 3);
      expect(await lossAfterOne(problem, 0.9 * descentLimit)).toBeLessThan(0.999 * loss);
    },
  );

  it("is, for SGD, 2‖∇L‖²/(∇LᵀH∇L + p tr(HΣ)) within its error, and the noise scale tr Σ/‖∇L‖²", async () => {
    const B = 2;
    const problem = await problemOf({ ...linear, optimizer: { learningRate: 0.1, batchSize: B } });
    const theta = await problem.start();
    const { descentLimit, descentLimitError, descentLimitFull, noiseScale } = await startCurvature(
      problem,
      theta,
      1e4,
    );
    // By hand, in float64: gᵢ = 2(w·x + b − y)(x, 1), H = (2/n) Σ (x, 1)(x, 1)ᵀ.
    const { x, y, n } = problem.data.train;
    const rows = Array.from({ length: n }, (_, i) => [...x.subarray(5 * i, 5 * i + 5), 1]);
    const inner = (a: readonly number[], b: readonly number[]) =>
      a.reduce((sum, value, j) => sum + value * b[j], 0);
    const weights = Array.from(theta);
    const gradients = rows.map((row, i) => row.map((value) => 2 * (inner(row, weights) - y[i]) * value));
    const bend = (v: readonly number[]) => rows.reduce((sum, row) => sum + (2 / n) * inner(row, v) ** 2, 0);
    const meanOver = (f: (g: readonly number[]) => number) => gradients.reduce((sum, g) => sum + f(g) / n, 0);
    const mean = rows[0].map((_, j) => meanOver((g) => g[j]));
    const slope = inner(mean, mean);
    const p = (n - B) / (B * (n - 1));
    const limit = (2 * slope) / (bend(mean) + p * (meanOver(bend) - bend(mean)));
    expect(descentLimitError).toBeLessThan(limit);
    expect(Math.abs(descentLimit - limit)).toBeLessThan(4 * descentLimitError);
    // H on one batch of two stands for H here.
    expect(descentLimitFull).toBeGreaterThan(limit);
    // Twenty batches of two: the covariance from them has a relative error of about √(2/20).
    const scale = (meanOver((g) => inner(g, g)) - slope) / slope;
    expect(noiseScale! / scale).toBeGreaterThan(0.4);
    expect(noiseScale! / scale).toBeLessThan(1.6);
  });
});

/** Gradient descent on ½ Σ λᵢ θᵢ² from θ = 1, in closed form. */
function quadratic(lambdas: readonly number[]) {
  const lossAt = (rate: number, step: number) =>
    lambdas.reduce((sum, lambda) => sum + (lambda / 2) * (1 - rate * lambda) ** (2 * step), 0);
  const open = (rate: number, warmup: number | null): Promise<Trial> => {
    let step = 0;
    const finite = () => (lossAt(rate, step) < 1e30 ? lossAt(rate, step) : Infinity);
    return Promise.resolve({
      rate,
      warmup,
      get diverged() {
        return finite() === Infinity;
      },
      get loss() {
        return finite();
      },
      get cost() {
        return step;
      },
      advance: (to) => {
        step = Math.max(step, to);
        return Promise.resolve();
      },
    });
  };
  return { lossAt, open };
}

describe("the search on a quadratic", () => {
  const steps = 200;
  const most = 0.1 * grid.rates * grid.seeds * steps;
  it.each([1e-6, 1e-3, 0.3, 20, 1e5])(
    "finds a rate near 2/(λ₁+λ₂), within a factor 2 below it from a first guess of %f, at a tenth of a grid",
    async (first) => {
      const { lossAt, open } = quadratic([4, 0.1]);
      const found = await searchRate({
        steps,
        first,
        startLoss: lossAt(0, 0),
        sharpness: 4,
        curvature: ({ rate }) => Promise.resolve({ rate, step: 1, sharpness: 4, cost: 0 }),
        warmup: true,
        most,
        open,
      });
      // Beyond it the loss falls more slowly again, and from 2/λ₁, which is 1.025 times as large, on it grows.
      expect(found.rate! / (2 / 4.1)).toBeLessThan(1.025);
      expect(found.rate! / (2 / 4.1)).toBeGreaterThan(1 / 2);
      expect(found.cost).toBeLessThanOrEqual(1.02 * most);
      expect(found.warmup).toBe(null);
    },
  );

  it("says that there is none where every rate diverges", async () => {
    const open = (rate: number, warmup: number | null): Promise<Trial> =>
      Promise.resolve({
        rate,
        warmup,
        diverged: true,
        loss: Infinity,
        cost: 1,
        advance: () => Promise.resolve(),
      });
    const search = { steps, first: 1, startLoss: 1, sharpness: 1, warmup: true, most };
    const curvature = () => Promise.reject(new Error("no trial is left to measure"));
    const found = await searchRate({ ...search, curvature, open });
    expect(found.rate).toBe(null);
    expect(found.trials.every(({ diverged }) => diverged)).toBe(true);
  });
});

/** Final training losses at a rate, a seed each. */
async function finals(
  problem: Problem,
  { rate, warmup, steps }: { rate: number; warmup: number | null; steps: number },
) {
  const losses: number[] = [];
  for (let seed = 0; seed < grid.seeds; seed++) {
    const optimizer = atRate(problem.experiment.optimizer, rate, warmup);
    const own = problem.withTraining({ optimizer, seed });
    const run = await ProbingRun.open(own, { theta: await own.start() });
    await run.advance(steps);
    losses.push(await run.score());
  }
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  const squares = losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (losses.length - 1)) };
}

describe("beside a grid of 12 rates and 3 seeds", () => {
  it.each([
    {
      name: "SGD on a teacher",
      least: 0.01,
      given: {
        data: { source: "teacher", inputs: 6, hidden: [6], examples: 128, testExamples: 0 },
        model: { hidden: [20], activation: "relu" },
        optimizer: { batchSize: 16, learningRate: 1 },
      },
    },
    {
      name: "momentum with full batches",
      least: 0.005,
      given: {
        data: { source: "teacher", inputs: 6, hidden: [6], examples: 64, testExamples: 0 },
        model: { hidden: [16, 16], activation: "relu" },
        optimizer: { kind: "sgd", momentum: 0.9, learningRate: 1 },
      },
    },
  ])("$name trains as well, at a tenth of its cost", async ({ least, given }) => {
    const steps = 300;
    const problem = await problemOf(given);
    const suggested = await suggestRate(problem, steps);
    expect(suggested.cost).toBeLessThanOrEqual(0.1 * suggested.gridCost);
    const cells = [];
    for (let i = 0; i < grid.rates; i++)
      cells.push(await finals(problem, { rate: least * 1.5 ** i, warmup: null, steps }));
    const best = cells.reduce((low, cell) => (cell.mean < low.mean ? cell : low));
    expect(cells.indexOf(best)).toBeGreaterThan(0);
    const own = await finals(problem, { rate: suggested.learningRate!, warmup: suggested.warmup, steps });
    expect(own.mean).toBeLessThanOrEqual(best.mean + Math.max(0.1 * best.mean, 2 * best.deviation));
  });
});
