// The central flow against the moving average of the run it goes beside, and a resume in the middle of it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { plainMeter } from "../../../src/curvature/meter";
import { openEngine } from "../../../src/engines";
import { unlimited } from "../../../src/measure/budget";
import { ProbeMemory } from "../../../src/measure/memory";
import { flow } from "../../../src/measure/probes/flow";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { Problem } from "../../../src/trainers/basin/problem";
import { Trainer } from "../../../src/trainers/basin/trainer";
import { Rng } from "../../../src/util/rng";

async function open(example: string, change: (text: string) => string = (text) => text) {
  const text = readFileSync(join(import.meta.dirname, `../../../examples/${example}.basin.json`), "utf8");
  const { problems, points } = checkExperiment(change(text), "a.basin.json");
  expect(problems).toEqual([]);
  const { experiment } = points[0];
  const problem = await Problem.load(experiment, "a.basin.json", await openEngine("auto"));
  return { experiment, problem, trainer: await Trainer.open(problem, null, plainMeter()) };
}

type Opened = Awaited<ReturnType<typeof open>>;
interface Settings {
  readonly from: number;
  readonly top: number;
  readonly overhead?: number;
}
const read = ({ trainer }: Opened, memory: ProbeMemory, settings: Settings) =>
  flow.measure({
    point: trainer.point(),
    probes: { flow: { every: 10, steps: 2000, overhead: 200, ...settings } },
    effort: "running",
    step: trainer.step,
    memory,
    budget: unlimited(1e9),
    known: new Map(),
    initialLoss: NaN,
  });
const norm = (x: Float32Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
const difference = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, i) => value - b[i]);
const mean = (vectors: readonly Float32Array[]): Float32Array =>
  vectors[0].map((_, i) => vectors.reduce((sum, v) => sum + v[i], 0) / vectors.length);

/** Goes beside the run from a step on; every θ of both, and the readings. */
async function follow(
  opened: Opened,
  { from, to, top }: { readonly from: number; readonly to: number; readonly top: number },
) {
  const { trainer } = opened;
  const memory = new ProbeMemory(new Rng(0, "flow"));
  const run: Float32Array[] = [];
  const flows: Float32Array[] = [];
  let values = new Map<string, number>();
  const variances: number[] = [];
  // Half of the window of the moving average lies beyond the end.
  for (let t = 0; t < to + 20; t++) {
    await trainer.computeGradient();
    run.push(trainer.point().theta);
    if (t >= from && t <= to && t % 10 === 0) {
      const { readings } = await read(opened, memory, { from, top });
      values = new Map(readings.map(({ metric, value }) => [metric, value as number]));
      variances.push(values.get("flow.variance")!);
      flows.push(memory.get("flow.theta")!);
    }
    trainer.advance();
  }
  return { run, flows, values, variances };
}

test("the flow stays within 3 % of the way it went from the run's moving average, and holds the sharpness at 2/η", async () => {
  const [from, to] = [700, 1300];
  const { run, flows, values, variances } = await follow(await open("central-flow"), { from, to, top: 3 });
  const last = flows[flows.length - 1];
  const travelled = flows.slice(1).reduce((sum, theta, i) => sum + norm(difference(theta, flows[i])), 0);
  const apart = norm(difference(mean(run.slice(to - 20, to + 20)), last));
  expect(travelled).toBeGreaterThan(1.5);
  expect(apart).toBeLessThan(0.03 * travelled);
  expect(Math.abs(values.get("flow.sharpness")! - 2 / 0.12)).toBeLessThan(0.01);
  // The mean over the steps at the edge, where the run swings by bursts.
  const swings = run.slice(900, to).map((theta, i) => norm(difference(run[900 + i + 1], theta)) ** 2 / 4);
  const measured = swings.reduce((sum, value) => sum + value, 0) / swings.length;
  const predicted = variances.slice(20).reduce((sum, value) => sum + value, 0) / variances.slice(20).length;
  expect(Math.abs(predicted / measured - 1)).toBeLessThan(0.3);
});

test("with two eigenvalues at the limit it holds both, goes where the run goes, and knows how far that swings", async () => {
  const [from, to] = [3000, 3160];
  const { run, flows, values, variances } = await follow(await open("edge-of-stability"), {
    from,
    to,
    top: 3,
  });
  const travelled = flows.slice(1).reduce((sum, theta, i) => sum + norm(difference(theta, flows[i])), 0);
  const apart = norm(difference(mean(run.slice(to - 20, to + 20)), flows[flows.length - 1]));
  expect(apart).toBeLessThan(0.06 * travelled);
  expect(Math.abs(values.get("flow.sharpness")! - 40)).toBeLessThan(0.02);
  const swings = run.slice(from, to).map((theta, i) => norm(difference(run[from + i + 1], theta)) ** 2 / 4);
  const measured = swings.reduce((sum, value) => sum + value, 0) / swings.length;
  // The first readings carry the eigenvalues to the limit.
  const settled = variances.slice(3);
  const predicted = settled.reduce((sum, value) => sum + value, 0) / settled.length;
  expect(Math.abs(predicted / measured - 1)).toBeLessThan(0.5);
});

test("goes on bit for bit from what a checkpoint holds", async () => {
  const opened = await open("central-flow");
  const settings = { from: 800, top: 3 };
  const memory = new ProbeMemory(new Rng(0, "flow"));
  const advance = async (steps: number): Promise<void> => {
    for (let i = 0; i < steps; i++) {
      await opened.trainer.computeGradient();
      opened.trainer.advance();
    }
  };
  await advance(800);
  await read(opened, memory, settings);
  await advance(20);
  await read(opened, memory, settings);
  const resumed = new ProbeMemory(new Rng(9, "another"));
  resumed.restore(memory.save());
  await advance(20);
  const valuesOf = async (of: ProbeMemory) =>
    (await read(opened, of, settings)).readings.map(({ metric, value }) => [metric, value]);
  const whole = await valuesOf(memory);
  expect(whole.length).toBe(5);
  expect(await valuesOf(resumed)).toEqual(whole);
  expect(resumed.get("flow.theta")).toEqual(memory.get("flow.theta"));
});

const optimizerIs = (keys: string) => (text: string) =>
  text.replace('"kind": "sgd", "learningRate": 0.12, "batchSize"', `${keys}, "batchSize"`);

describe.each([
  ["heavy ball", '"kind": "sgd", "learningRate": 0.156, "momentum": 0.3', [300, 600], 2.6 / 0.156],
  [
    "Nesterov's momentum",
    '"kind": "sgd", "learningRate": 0.09, "momentum": 0.5, "nesterov": true',
    [300, 700],
    3 / 2 / 0.09,
  ],
  ["RMSProp", '"kind": "rmsprop", "learningRate": 0.001', [400, 600], 2 / 0.001],
] as const)("with %s", (_name, keys, [from, to], limit) => {
  test("the flow goes with the run's moving average and holds its own sharpness at the limit", async () => {
    const opened = await open("central-flow", optimizerIs(keys));
    const { run, flows, values } = await follow(opened, { from, to, top: 3 });
    const last = flows[flows.length - 1];
    const travelled = flows.slice(1).reduce((sum, theta, i) => sum + norm(difference(theta, flows[i])), 0);
    const apart = norm(difference(mean(run.slice(to - 20, to + 20)), last));
    expect(travelled).toBeGreaterThan(1);
    expect(apart).toBeLessThan(0.03 * travelled);
    expect(Math.abs(values.get("flow.sharpness")! / limit - 1)).toBeLessThan(0.002);
  });
});

test("beyond its overhead it ends, says at what cost, and is not taken up again", async () => {
  const opened = await open("central-flow");
  const memory = new ProbeMemory(new Rng(0, "flow"));
  const told: (string | undefined)[] = [];
  for (let t = 0; t <= 40; t++) {
    await opened.trainer.computeGradient();
    if (t % 10 === 0) {
      const { readings, leftOut } = await read(opened, memory, { from: 0, top: 3, overhead: 2 });
      told.push(readings.length > 0 ? (leftOut?.[0] ?? "") : undefined);
    }
    opened.trainer.advance();
  }
  expect(told.slice(0, 2)).toEqual(["", ""]);
  expect(told[2]).toMatch(/from step 20 on: \d+ gradients and products .* `overhead`, 2/);
  expect(told.slice(3)).toEqual([undefined, undefined]);
});

test.each([
  ['"kind": "sgd", "learningRate": 0.12, "momentum": 0.9', "above 0.5"],
  ['"kind": "sgd", "learningRate": 0.12, "weightDecay": 0.01', "full batches"],
  ['"kind": "sgd", "learningRate": 0.12, "labelNoise": 0.1', "full batches"],
  ['"kind": "sgd", "learningRate": 0.12, "clip": 1', "full batches"],
  ['"kind": "rmsprop", "learningRate": 0.001, "momentum": 0.5', "full batches"],
  ['"kind": "adam", "learningRate": 0.001', "full batches"],
])("there is none with %s, which is said", async (keys, why) => {
  const opened = await open("central-flow", optimizerIs(keys));
  const { readings, leftOut } = await read(opened, new ProbeMemory(new Rng(0)), { from: 0, top: 3 });
  expect(readings).toEqual([]);
  expect(leftOut).toEqual([expect.stringContaining(why)]);
});
