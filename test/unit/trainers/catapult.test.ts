// The catapult of examples/paper: a linear network of two layers on one example, against the two numbers its training is in float64.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plainMeter } from "../../../src/curvature/meter";
import { openEngine } from "../../../src/engines";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { Problem } from "../../../src/trainers/basin/problem";
import { Trainer } from "../../../src/trainers/basin/trainer";

const file = join(import.meta.dirname, "../../../examples/paper/catapult/catapult.basin.json");
const { points, problems } = checkExperiment(readFileSync(file, "utf8"), file);
const steps = 60;

/** Losses over steps, and ‖θ‖² at the start and the end: the curvature (∂f/∂θ)² of f = uᵀv at x = 1. */
async function train(experiment: (typeof points)[number]["experiment"]) {
  const problem = await Problem.load(experiment, file, await openEngine("auto"));
  const trainer = await Trainer.open(problem, null, plainMeter());
  const square = () => trainer.point().theta.reduce((sum, value) => sum + value * value, 0);
  const [start, losses]: [number, number[]] = [square(), []];
  const { outputs } = await trainer.point().evaluate();
  for (let t = 0; t < steps; t++) {
    losses.push(await trainer.computeGradient());
    trainer.advance();
  }
  return { start, losses, end: square(), f: outputs[0] };
}

test.each(points.map(({ experiment }) => [experiment.optimizer.learningRate, experiment] as const))(
  "at η = %d gradient descent does what the paper says between its two limits",
  async (eta, experiment) => {
    expect(problems).toEqual([]);
    const { start, losses, end, f } = await train(experiment);
    let [output, curvature] = [f, start];
    const expected = losses.map(() => {
      const loss = output ** 2 / 2;
      const square = output ** 2;
      output *= 1 - eta * curvature + eta ** 2 * square;
      curvature += eta * square * (eta * curvature - 4);
      return loss;
    });
    const share = eta * start;
    const peak = Math.max(...losses.map((loss) => (Number.isFinite(loss) ? loss : Infinity)));
    if (share > 4) {
      expect(peak).toBe(Infinity);
      return;
    }
    // Until rounding is all that is left.
    losses.forEach((loss, t) => {
      if (expected[t] > 1e-6) expect(Math.abs(loss / expected[t] - 1), `step ${t}`).toBeLessThan(0.02);
    });
    expect(losses[steps - 1]).toBeLessThan(1e-4);
    expect(Math.abs(end / curvature - 1)).toBeLessThan(0.02);
    expect(end).toBeLessThan(2 / eta);
    if (share < 2) expect(peak).toBe(losses[0]);
    else {
      expect(peak).toBeGreaterThan(2 * losses[0]);
      expect(end).toBeLessThan(0.8 * start);
    }
  },
);
