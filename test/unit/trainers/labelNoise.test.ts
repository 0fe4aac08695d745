// Label noise: fresh at every step, from seed and step alone, of the deviation asked for, and only in what a step sees.
import { describe, expect, it } from "vitest";
import { openEngine } from "../../../src/engines";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { Problem } from "../../../src/trainers/basin/problem";
import { Stepper } from "../../../src/trainers/basin/stepper";

const n = 20;
const experimentOf = (optimizer: object) => {
  const text = JSON.stringify({
    data: { source: "chebyshev", examples: n },
    model: { hidden: [4] },
    optimizer: { learningRate: 0.1, ...optimizer },
  });
  const { problems, points } = checkExperiment(text, "a.basin.json");
  expect(problems).toEqual([]);
  return points[0].experiment;
};
async function stepperOf(optimizer: object) {
  const engine = await openEngine("auto");
  const problem = await Problem.load(experimentOf(optimizer), "a.basin.json", engine);
  return { problem, stepper: await Stepper.make(problem, await problem.start(), null) };
}

describe.each([
  ["full batches", "full", n],
  ["mini-batches", 5, 5],
] as const)("label noise with %s", (_what, batchSize, B) => {
  it("moves the output bias' gradient by a Gaussian of deviation 2σ/√B around the clean one", async () => {
    const sigma = 0.3;
    const noisy = await stepperOf({ batchSize, labelNoise: sigma });
    const clean = await stepperOf({ batchSize });
    const before = noisy.problem.data.train.y.slice();
    const shifts: number[] = [];
    for (let step = 0; step < 2000; step++) {
      await noisy.stepper.computeGradient(step);
      await clean.stepper.computeGradient(step);
      // The loss is (1/B) Σ (f − y)² with one output, whose bias is the last parameter.
      shifts.push(noisy.stepper.gradient.at(-1)! - clean.stepper.gradient.at(-1)!);
    }
    const mean = shifts.reduce((sum, x) => sum + x, 0) / shifts.length;
    const deviation = Math.sqrt(shifts.reduce((sum, x) => sum + (x - mean) ** 2, 0) / shifts.length);
    const expected = (2 * sigma) / Math.sqrt(B);
    expect(Math.abs(mean)).toBeLessThan((4 * expected) / Math.sqrt(shifts.length));
    expect(Math.abs(deviation / expected - 1)).toBeLessThan(0.08);
    expect(noisy.problem.data.train.y).toEqual(before);
  });

  it("is the same again at the same step, in another process as well", async () => {
    const gradients = [];
    for (const [first, second] of [
      [3, 4],
      [3, 4],
    ]) {
      const { stepper } = await stepperOf({ batchSize, labelNoise: 0.1 });
      await stepper.computeGradient(first);
      const at = stepper.gradient.slice();
      await stepper.computeGradient(second);
      gradients.push([at, stepper.gradient.slice()]);
    }
    expect(gradients[0]).toEqual(gradients[1]);
    expect(gradients[0][0]).not.toEqual(gradients[0][1]);
  });
});

it("is refused where the loss takes class labels", () => {
  const text = `{
    "data": { "source": "spirals" }, "model": {}, "loss": "cross-entropy",
    "optimizer": { "learningRate": 0.1, "labelNoise": 0.05 }
  }`;
  const { problems } = checkExperiment(
    text.replace('"model": {}', '"model": { "hidden": [3] }'),
    "a.basin.json",
  );
  expect(problems).toMatchObject([
    {
      message: expect.stringContaining("disturbs real-valued targets"),
      place: { key: "optimizer.labelNoise" },
    },
  ]);
});
