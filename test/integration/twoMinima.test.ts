// examples/two-minima, the one-dimensional example of Wu, Ma & E 2018: noise alone decides which minimum holds, and Basin says so beforehand.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkExperiment } from "../../src/protocol/checkExperiment";
import { eventsOf, measure, root, startRun, temporary, tensorsOf } from "../support/runs";

const file = join(root, "examples", "two-minima.basin.json");
const steps = 200;
const eta = 0.7;
/** Curvatures of the examples at x = 1: fᵢ″ = 2cᵢ. */
const h = [0.2, 3.8];

/** The example as written, one run of its sweep. */
function experiment(batchSize: number | "full", seed = 0, start = 1.05): object {
  const overrides = [`optimizer.batchSize=${batchSize}`, `seed=${seed}`, `model.start=${start}`, "probes={}"];
  const { points, problems } = checkExperiment(readFileSync(file, "utf8"), file, { overrides });
  expect(problems).toEqual([]);
  return points[0].experiment;
}

async function trained(batchSize: number | "full", seed: number) {
  const { run, exited } = startRun(temporary(), experiment(batchSize, seed));
  expect(await exited).toBe(0);
  const [x] = tensorsOf(join(run, "checkpoints", `step-${steps}.safetensors`)).get("0.x")!.data;
  return { run, x };
}

test("the example compares single examples with full batches", () => {
  const { points } = checkExperiment(readFileSync(file, "utf8"), file, {});
  expect(points.map((point) => point.experiment.optimizer.batchSize)).toEqual([1, "full"]);
  expect(points[0].experiment.optimizer.learningRate).toBe(eta);
});

describe("with learning rate 0.7, from x = 1.05", () => {
  test("gradient descent stays at x = 1, and its loss falls as (1 − η/n Σ hᵢ)²", async () => {
    const { run, x } = await trained("full", 0);
    expect(x).toBeCloseTo(1, 6);
    const losses = eventsOf(run).flatMap(({ probe, values }) =>
      probe === undefined && values ? [(values as Record<string, number>)["loss.train"]] : [],
    );
    const rate = (1 - (eta * (h[0] + h[1])) / 2) ** 2;
    // L = (x − 1)²: float32's spacing at 1 shows below (1e-6)².
    for (let t = 0; t < 6; t++) expect(losses[t] / (0.05 ** 2 * rate ** t)).toBeCloseTo(1, 2);
  });

  test("SGD with single examples leaves for x = 0, whatever the seed", async () => {
    for (const seed of [0, 1, 2, 3, 4])
      expect(Math.abs((await trained(1, seed)).x), `seed ${seed}`).toBeLessThan(1e-8);
  });
});

describe("measured without a step", () => {
  test.each([
    { x: 1, batchSize: 1, verdict: "unstable-variance" },
    { x: 1, batchSize: "full", verdict: "stable" },
    { x: 0, batchSize: 1, verdict: "stable" },
    { x: 0, batchSize: "full", verdict: "stable" },
  ] as const)("x = $x with batch size $batchSize is $verdict", ({ x, batchSize, verdict }) => {
    const { metrics, verdict: judged } = measure(temporary(), experiment(batchSize, 0, x));
    const own = x === 1 ? h : [2, 2];
    expect(judged.verdict).toBe(verdict);
    expect((judged.minimum as { why: string }).why).not.toMatch(/NaN|undefined/);
    // By hand: mean and deviation of the two curvatures, and (1 − ηh)² averaged over the batches.
    const mean = (own[0] + own[1]) / 2;
    expect(metrics.sharpness).toBeCloseTo(mean, 5);
    expect(metrics.nonuniformity).toBeCloseTo(Math.abs(own[0] - own[1]) / 2, 5);
    expect(metrics["stability.meanLimit"]).toBeCloseTo(2 / mean, 5);
    const batches = batchSize === 1 ? own : [mean];
    const growth = batches.reduce((sum, rate) => sum + (1 - eta * rate) ** 2, 0) / batches.length;
    expect(metrics["stability.growth"]).toBeCloseTo(growth, 5);
    const square = batches.reduce((sum, rate) => sum + rate ** 2, 0) / batches.length;
    expect(metrics["stability.varianceLimit"]).toBeCloseTo((2 * mean) / square, 4);
  });
});

describe("escape from where gradient descent stayed", () => {
  const cli = join(root, "dist", "cli.js");
  const escape = (run: string, ...more: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, "escape", run, "--json", ...more], {
      encoding: "utf8",
    });
    expect(status, stderr).toBe(0);
    return JSON.parse(stdout) as {
      predicted: { growth: number; typicalGrowth: number };
      measured: { growth: number; typicalGrowth: number; left: number };
    };
  };

  test("single examples: all leave, as a typical run is predicted to, below ρ; full batches: all come back, at the predicted rate", async () => {
    const { run } = await trained("full", 0);
    const noisy = escape(run, "--set", "optimizer.batchSize=1");
    expect(noisy.measured.left).toBe(5);
    const factors = h.map((rate) => Math.abs(1 - eta * rate));
    expect(noisy.predicted.growth).toBeCloseTo((factors[0] ** 2 + factors[1] ** 2) / 2, 4);
    // An epoch sees each example once, so the squared distance grows by (factors[0] factors[1])² in two steps, whatever the order.
    expect(noisy.predicted.typicalGrowth).toBeCloseTo(factors[0] * factors[1], 5);
    expect(Math.abs(noisy.measured.typicalGrowth / noisy.predicted.typicalGrowth - 1)).toBeLessThan(0.03);
    expect(noisy.measured.growth).toBeGreaterThan(1);
    expect(Math.abs(noisy.measured.growth / (factors[0] * factors[1]) - 1)).toBeLessThan(0.03);
    const full = escape(run);
    expect(full.measured.left).toBe(0);
    expect(Math.abs(full.measured.growth / full.predicted.growth - 1)).toBeLessThan(0.02);
  });
});
