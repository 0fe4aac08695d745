// The largest change of the outputs that ascent finds, against every direction and many lengths tried in float64.
import { expect, test } from "vitest";
import { plainMeter } from "../../../src/curvature/meter";
import { openEngine } from "../../../src/engines";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { Problem } from "../../../src/trainers/basin/problem";
import { Trainer } from "../../../src/trainers/basin/trainer";
import { Rng } from "../../../src/util/rng";

const [hidden, outputs, examples] = [12, 3, 10];

test.each([0.05, 0.5])("within %d of inputs in a plane", async (radius) => {
  const experiment = {
    data: { source: "teacher", inputs: 2, outputs, hidden: [4], examples },
    model: { kind: "mlp", hidden: [hidden], activation: "tanh" },
    loss: "squared-error",
    optimizer: { learningRate: 0.3 },
  };
  const { problems, points } = checkExperiment(JSON.stringify(experiment), "a.basin.json");
  expect(problems).toEqual([]);
  const problem = await Problem.load(points[0].experiment, "a.basin.json", await openEngine("auto"));
  const trainer = await Trainer.open(problem, null, plainMeter());
  for (let t = 0; t < 2000; t++) {
    await trainer.computeGradient();
    trainer.advance();
  }
  const { theta, response } = trainer.point();
  const rng = new Rng(1, "ascent");
  const found = await response!.largestChange(radius, () => rng.normal());
  // W₁ [hidden, 2], b₁, W₂ [outputs, hidden], b₂.
  const f = (a: number, b: number): number[] => {
    const h = Array.from({ length: hidden }, (_, i) =>
      Math.tanh(theta[2 * i] * a + theta[2 * i + 1] * b + theta[2 * hidden + i]),
    );
    return Array.from({ length: outputs }, (_, k) =>
      h.reduce((sum, value, i) => sum + theta[3 * hidden + k * hidden + i] * value, 0),
    );
  };
  const { x } = problem.data.train;
  for (let i = 0; i < examples; i++) {
    const [a, b] = [x[2 * i], x[2 * i + 1]];
    const here = f(a, b);
    let most = 0;
    for (let turn = 0; turn < 720; turn++)
      for (const share of [0.25, 0.5, 0.75, 1]) {
        const r = share * radius;
        const there = f(a + r * Math.cos((turn * Math.PI) / 360), b + r * Math.sin((turn * Math.PI) / 360));
        most = Math.max(most, Math.hypot(...there.map((value, k) => value - here[k])));
      }
    expect(Math.abs(found[i] / most - 1), `example ${i}: ${found[i]} of ${most}`).toBeLessThan(2e-3);
  }
});
