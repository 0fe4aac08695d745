// The examples at the edge of stability, shortened: each sharpens until it meets the limit of its optimizer, and hovers there.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkExperiment } from "../../src/protocol/checkExperiment";
import { eventsOf, root, startRun, temporary } from "../support/runs";

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

test.each([
  { example: "edge-of-stability", steps: 2500, metric: "sharpness", limit: 2 / 0.05 },
  { example: "momentum-edge", steps: 2500, metric: "sharpness", limit: (2 + 2 * 0.5) / 0.06 },
  { example: "adam-edge", steps: 3000, metric: "preconditionedSharpness", limit: 38 / 0.001 },
])("$example: $metric rises to $limit and hovers there", async ({ example, steps, metric, limit }) => {
  const file = join(root, "examples", `${example}.basin.json`);
  const overrides = [`stop.steps=${steps}`, 'probes={"sharpness":{"every":20,"top":1}}'];
  const { points } = checkExperiment(readFileSync(file, "utf8"), file, { overrides });
  const { run, exited } = startRun(temporary(), points[0].experiment);
  expect(await exited).toBe(0);
  const readings = eventsOf(run).filter(({ probe }) => probe === "sharpness");
  const values = readings.map((event) => (event.values as Record<string, number>)[metric]);
  expect(values[0]).toBeLessThan(limit / 2);
  const last = values.slice(-Math.floor(values.length / 4));
  expect(Math.abs(median(last) / limit - 1), `median ${median(last)}`).toBeLessThan(0.04);
  for (const value of last) expect(Math.abs(value / limit - 1)).toBeLessThan(0.2);
  const verdict = JSON.parse(readFileSync(join(run, "verdict.json"), "utf8")) as {
    limits: { mean: number };
  };
  expect(verdict.limits.mean / points[0].experiment.optimizer.learningRate).toBeGreaterThan(0.9);
});

test("sam-edge: the sharpness meets SAM's own limit, which moves with the slope, and the verdict says so", async () => {
  const file = join(root, "examples", "sam-edge.basin.json");
  const overrides = ["stop.steps=1500", 'probes={"sharpness":{"every":20,"top":1}}'];
  const { points } = checkExperiment(readFileSync(file, "utf8"), file, { overrides });
  const { run, exited } = startRun(temporary(), points[0].experiment);
  expect(await exited).toBe(0);
  const { learningRate } = points[0].experiment.optimizer;
  const radius = 0.05;
  const readings = eventsOf(run).filter(({ probe }) => probe === "sharpness");
  const shares = readings.map(({ values }) => {
    const { sharpness, gradNorm: g } = values as Record<string, number>;
    return sharpness / ((g / (2 * radius)) * (Math.sqrt(1 + (8 * radius) / (learningRate * g)) - 1));
  });
  const last = shares.slice(-Math.floor(shares.length / 2));
  const sharpest = Math.max(...readings.map(({ values }) => (values as Record<string, number>).sharpness));
  expect(sharpest).toBeLessThan(0.6 * (2 / learningRate));
  expect(Math.abs(median(last) - 1), `median ${median(last)}`).toBeLessThan(0.06);
  const verdict = JSON.parse(readFileSync(join(run, "verdict.json"), "utf8")) as {
    verdict: string;
    evidence: string[];
  };
  expect(verdict.verdict).toBe("edge");
  expect(verdict.evidence.join()).toContain("SAM takes its gradient 0.05 up the slope");
  const mini = startRun(temporary(), {
    ...points[0].experiment,
    optimizer: { ...points[0].experiment.optimizer, batchSize: 5 },
    stop: { steps: 20 },
  });
  expect(await mini.exited).toBe(0);
  const other = JSON.parse(readFileSync(join(mini.run, "verdict.json"), "utf8")) as typeof verdict;
  expect(other.verdict).toBe("inconclusive");
  expect(other.evidence.join()).toContain("no limit is known");
});
