// The closing measurement on a point that cannot do everything, and the probes' own words in the schema.
import { expect, test } from "vitest";
import { BudgetSpent, unlimited } from "../../../src/measure/budget";
import { mapOf, meanSquare } from "../../../src/measure/meanSquare";
import { noiseFactors } from "../../../src/measure/noiseFactors";
import { closingMeasurement } from "../../../src/measure/closing";
import { openEngine } from "../../../src/engines";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { Problem } from "../../../src/trainers/basin/problem";
import { Trainer } from "../../../src/trainers/basin/trainer";
import { probes } from "../../../src/measure";
import { ProbeMemory } from "../../../src/measure/memory";
import type { Point } from "../../../src/measure/point";
import { plainMeter } from "../../../src/curvature/meter";
import { metricInfo } from "../../../src/protocol/metrics";
import schema from "../../../src/protocol/basin.schema.json";
import { Rng } from "../../../src/util/rng";
import { jsGemm } from "../../../src/util/linalg/jsGemm";

const bowlCurvatures = [5, 3, 1];

/** L(θ) = ½ Σ hᵢθᵢ² with the curvatures h, with a gradient and a Hessian and nothing else: what any trainer can give. */
function bowl(curvatures = bowlCurvatures): Point {
  const theta = Float32Array.of(1, 1, 1);
  const hessian = {
    size: 3,
    apply: (v: Float32Array, out: Float32Array) => {
      curvatures.forEach((h, i) => (out[i] = h * v[i]));
      return Promise.resolve();
    },
  };
  return {
    size: 3,
    examples: 4,
    outputs: 1,
    batchSize: 2,
    sampling: "epochs",
    dtype: "float32",
    loss: "mse",
    seed: 0,
    theta,
    layers: [{ name: "0", start: 0, size: 3 }],
    descent: { learningRate: 0.1, preconditioner: null, settled: true },
    meter: plainMeter(),
    gemm: jsGemm,
    evaluate: () =>
      Promise.resolve({
        loss: 4.5,
        outputs: new Float32Array(4),
        perExample: new Float32Array(4),
        gradient: Float32Array.from(curvatures),
      }),
    hessian: () => hessian,
  };
}

test("what a trainer cannot do is not applicable and says why; what it can do is measured all the same", async () => {
  const { readings, leftOut, facts } = await closingMeasurement(bowl(), {
    probes: {},
    budget: unlimited(1e9),
    extent: "everything",
  });
  const of = (metric: string) => readings.find((reading) => reading.metric === metric);
  expect(of("sharpness")?.value).toBeCloseTo(5, 5);
  expect(of("stability.meanLimit")?.value).toBeCloseTo(2 / 5, 5);
  expect(of("trace")).toMatchObject({ how: "exact", value: 9 });
  expect(of("nonuniformity")).toBeUndefined();
  expect(facts.variance).toBeUndefined();
  const text = leftOut.join("\n");
  expect(text).toMatch(/Gradient noise: not applicable: the trainer gives no Gauss–Newton products/);
  expect(text).toMatch(/Input smoothness: not applicable: the trainer gives no derivatives by the inputs/);
  for (const { metric, method, cost } of readings) {
    expect(metricInfo(metric), metric).toBeDefined();
    expect(method.length, metric).toBeGreaterThan(3);
    expect(cost.seconds, metric).toBeGreaterThanOrEqual(0);
  }
});

test("what multiplies matrices of the factors may be abandoned there", async () => {
  const experiment = {
    data: { source: "teacher", inputs: 3, outputs: 2, hidden: [4], examples: 12 },
    model: { kind: "mlp", hidden: [5], activation: "tanh" },
    optimizer: { learningRate: 0.05, batchSize: 4 },
  };
  const { points } = checkExperiment(JSON.stringify(experiment), "a.basin.json");
  const problem = await Problem.load(points[0].experiment, "a.basin.json", await openEngine("auto"));
  let spent = false;
  const check = (): void => {
    if (spent) throw new BudgetSpent("enough");
  };
  const point = (await Trainer.open(problem, null, { products: 0, check })).point();
  const found = await meanSquare(point, "all", unlimited(1e9));
  spent = true;
  await expect(mapOf(point, found)).rejects.toThrow("enough");
});

/** A training of an experiment, and what makes some of its steps. */
async function opened(experiment: object) {
  const { points } = checkExperiment(JSON.stringify(experiment), "a.basin.json");
  const problem = await Problem.load(points[0].experiment, "a.basin.json", await openEngine("auto"));
  const trainer = await Trainer.open(problem, null, plainMeter());
  const train = async (steps: number): Promise<void> => {
    for (let t = 0; t < steps; t++) {
      await trainer.computeGradient();
      trainer.advance();
    }
  };
  return { trainer, train };
}

test("from a run's last readings it finds what it finds from nothing, for fewer products", async () => {
  const experiment = {
    data: { source: "teacher", inputs: 6, outputs: 3, hidden: [4], examples: 40 },
    model: { kind: "mlp", hidden: [20, 20], activation: "tanh" },
    loss: "squared-error",
    optimizer: { learningRate: 0.05, batchSize: 8 },
  };
  const { trainer, train } = await opened(experiment);
  await train(50);
  const memory = new ProbeMemory(new Rng(3, "run"));
  const searches = { sharpness: ["hessian"], noise: ["gaussNewton", "noise"] } as const;
  const warm = new Map<string, Float32Array[]>();
  for (const id of ["sharpness", "noise"] as const) {
    const probe = probes.find((one) => one.id === id)!;
    const task = { probes: {}, effort: "running", known: new Map(), initialLoss: NaN } as const;
    await probe.measure({ ...task, point: trainer.point(), memory, budget: unlimited(1e9) });
    for (const name of searches[id]) warm.set(name, memory.vectorsOf(name));
  }
  expect([...warm.values()].every((vectors) => vectors.length > 0)).toBe(true);
  await train(20);
  const options = { probes: {}, budget: unlimited(1e9), extent: "verdict" } as const;
  // Of sharpness-aware steps there is no mean-square limit, which takes no part here.
  const point = trainer.point();
  const sam = { ...point, descent: { ...point.descent, radius: 0.01 } };
  const cold = await closingMeasurement(sam, options);
  const gone = await closingMeasurement(sam, { ...options, warm });
  for (const metric of ["sharpness", "gaussNewtonSharpness", "nonuniformity"]) {
    const [a, b] = [cold, gone].map(({ readings }) => readings.find((one) => one.metric === metric)!);
    const [x, y] = [a.value as number, b.value as number];
    const bar = ((a.error as number) ?? 0) + ((b.error as number) ?? 0) + 1e-5 * x;
    expect(Math.abs(x - y), metric).toBeLessThanOrEqual(bar);
  }
  expect(gone.cost.products).toBeLessThan(cold.cost.products - 15);
});

test("the search for factors goes on from the last one: the same limit for less than two thirds of the products, near all of λ's trace", async () => {
  const experiment = {
    data: { source: "teacher", inputs: 6, outputs: 3, hidden: [4], examples: 200 },
    model: { kind: "mlp", hidden: [40, 40], activation: "tanh" },
    loss: "squared-error",
    optimizer: { learningRate: 0.05, batchSize: 8 },
  };
  const { trainer, train } = await opened(experiment);
  await train(100);
  const memory = new ProbeMemory(new Rng(3, "run"));
  const rank = 24;
  const search = async (own?: ProbeMemory) => {
    const point = trainer.point();
    const before = point.meter.products;
    const factors = await noiseFactors(point, rank, unlimited(1e9), own);
    return { factors, products: point.meter.products - before };
  };
  await search(memory);
  await train(5);
  // The whole spectrum of the Gram matrix: 600 rows, every direction.
  const { lambda } = await noiseFactors(trainer.point(), "all", unlimited(1e9));
  const [cold, warm] = [await search(), await search(memory)];
  expect(warm.products).toBeLessThan((2 / 3) * cold.products);
  for (const { factors } of [cold, warm]) {
    expect(factors.r).toBe(rank);
    factors.lambda.forEach((value, i) =>
      expect(Math.abs(value / lambda[i] - 1), `eigenvalue ${i}`).toBeLessThan(i < 16 ? 1e-3 : 0.03),
    );
  }
});

test.each([
  { name: "descent", momentum: 0, nesterov: false },
  { name: "heavy ball", momentum: 0.9, nesterov: false },
  { name: "Nesterov", momentum: 0.9, nesterov: true },
])("$name leaves a saddle at the rate its most negative curvature gives", async ({ momentum, nesterov }) => {
  const point = bowl([5, 3, -0.05]);
  const { readings, facts } = await closingMeasurement(
    { ...point, descent: { ...point.descent, momentum, nesterov } },
    { probes: {}, budget: unlimited(1e9), extent: "verdict" },
  );
  const min = readings.find(({ metric }) => metric === "eigenvalue.min")!;
  expect(Math.abs((min.value as number) + 0.05)).toBeLessThanOrEqual(min.error as number);
  expect(min.error).toBeLessThan(1e-4);
  // The optimizer itself, step by step, along that direction.
  let [x, v] = [1, 0];
  const steps = 3000;
  let half = 0;
  for (let t = 0; t < 2 * steps; t++) {
    v = momentum * v + 0.1 * 0.05 * (nesterov ? x + momentum * v : x);
    x += v;
    if (t === steps - 1) half = Math.log(x);
  }
  expect(facts.flattest!.growth).toBeCloseTo(Math.exp((2 * (Math.log(x) - half)) / steps), 4);
});

test("where no curvature is negative the smallest eigenvalue is no saddle", async () => {
  const { facts, readings } = await closingMeasurement(bowl([5, 3, 0]), {
    probes: {},
    budget: unlimited(1e9),
    extent: "verdict",
  });
  const { value, error } = readings.find(({ metric }) => metric === "eigenvalue.min")!;
  expect(Math.abs(value as number)).toBeLessThanOrEqual(error as number);
  expect(facts.flattest!.value + facts.flattest!.error).toBeGreaterThanOrEqual(0);
});

test("a budget that is spent leaves out all but loss and gradient", async () => {
  const { readings, leftOut, minimum } = await closingMeasurement(bowl(), {
    probes: {},
    budget: { bytes: 1e9, secondsLeft: () => 0, over: () => true },
    extent: "verdict",
  });
  expect(readings.map(({ metric }) => metric)).toEqual(["loss.train", "gradNorm"]);
  expect(minimum.gradNorm).toBeCloseTo(Math.sqrt(35), 5);
  expect(leftOut).toContain("Left out: sharpness.");
});

test("a probe's memory, saved and restored, gives the same next reading bit for bit", async () => {
  const point = bowl();
  const read = async (memory: ProbeMemory) => {
    const task = { point, effort: "running", memory, budget: unlimited(1e9), known: new Map() } as const;
    const sharpness = probes.find(({ id }) => id === "sharpness")!;
    const { readings } = await sharpness.measure({ ...task, probes: {}, initialLoss: NaN });
    return readings.map(({ metric, value, error }) => ({ metric, value, error }));
  };
  const memory = new ProbeMemory(new Rng(1, "probe"));
  await read(memory);
  const saved = memory.save();
  const other = new ProbeMemory(new Rng(99));
  other.restore(saved);
  for (let i = 0; i < 6; i++) expect(await read(other)).toEqual(await read(memory));
});

test.each(probes.map((probe) => ({ id: probe.id, probe })))(
  "$id says of its keys what the schema says",
  ({ id, probe }) => {
    const { type, additionalProperties, ...rest } = schema.definitions.probes.properties[id];
    expect({ type, additionalProperties }).toEqual({ type: "object", additionalProperties: false });
    expect(rest).toEqual(probe.spec);
  },
);
