// Drift along the minima: the prediction of a float32 point against float64 by hand, and the example's first part against what it does.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { plainMeter } from "../../../src/curvature/meter";
import { openEngine } from "../../../src/engines";
import { unlimited } from "../../../src/measure/budget";
import { predictDrift, type Drift } from "../../../src/measure/drift";
import { ProbeMemory } from "../../../src/measure/memory";
import { manifold } from "../../../src/measure/probes/manifold";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { factorSpectrum } from "../../../src/stability/secondMoment";
import { stationaryCovariance, stepNoise } from "../../../src/stability/stationary";
import { Problem } from "../../../src/trainers/basin/problem";
import { Trainer } from "../../../src/trainers/basin/trainer";
import { jsGemm as gemm } from "../../../src/util/linalg/jsGemm";
import { Rng } from "../../../src/util/rng";
import { gramOf, jacobian, tanhNet } from "../../support/tanhNet";
import { directions, flatPart, inParameters, interpolate, push } from "../../support/driftByHand";

async function open(text: string) {
  const { problems, points } = checkExperiment(text, "a.basin.json");
  expect(problems).toEqual([]);
  const { experiment } = points[0];
  const problem = await Problem.load(experiment, "a.basin.json", await openEngine("auto"));
  return { experiment, problem, trainer: await Trainer.open(problem, null, plainMeter()) };
}

const experimentOf = (optimizer: object, more: object = {}): string =>
  JSON.stringify({
    data: { source: "chebyshev", examples: 6, degree: 2 },
    model: { hidden: [8], activation: "tanh" },
    loss: "squared-error",
    optimizer: { learningRate: 0.2, ...optimizer },
    ...more,
  });

async function train(trainer: Trainer, steps: number): Promise<void> {
  for (let t = 0; t < steps; t++) {
    await trainer.computeGradient();
    trainer.advance();
  }
}

const example = readFileSync(join(import.meta.dirname, "../../../examples/label-noise.basin.json"), "utf8");

const norm = (x: ArrayLike<number>): number => Math.sqrt(Array.from(x).reduce((sum, v) => sum + v * v, 0));

interface How {
  readonly kind?: "adam" | "rmsprop";
  readonly loss: "mse" | "squared-error";
  readonly labelNoise: number;
  readonly learningRate?: number;
  readonly batchSize?: number;
  readonly sampling?: "independent";
  readonly momentum?: number;
  readonly weightDecay?: number;
}

describe("the prediction at a point of a run", () => {
  test.each<How>([
    { labelNoise: 0.1, loss: "squared-error" },
    { labelNoise: 0.1, loss: "mse", learningRate: 0.1 },
    { labelNoise: 0.1, loss: "squared-error", batchSize: 2, learningRate: 0.1, sampling: "independent" },
    { labelNoise: 0.1, loss: "squared-error", momentum: 0.7, learningRate: 0.05 },
    { labelNoise: 0.1, loss: "squared-error", weightDecay: 1e-5 },
    { kind: "adam", labelNoise: 0.1, loss: "squared-error", learningRate: 0.002 },
    {
      kind: "adam",
      labelNoise: 0.1,
      loss: "mse",
      learningRate: 0.002,
      batchSize: 2,
      sampling: "independent",
    },
    { kind: "rmsprop", labelNoise: 0.1, loss: "squared-error", learningRate: 0.001 },
  ])("is that of float64 at the minimum beside it: %j", async ({ loss, ...optimizer }) => {
    const { problem, trainer } = await open(experimentOf(optimizer, { loss }));
    await train(trainer, 6000);
    const point = trainer.point();
    const drift = (await predictDrift(point)) as Drift;
    expect(drift).toBeTypeOf("object");
    const { x, y } = problem.data.train;
    const net = tanhNet(Float64Array.from(x), 1, 8);
    // The float32 minimum is one of float64 to a few steps of Newton's.
    const theta = Float64Array.from(drift.theta);
    interpolate(net, Float64Array.from(y), theta, { steps: 3 });
    expect(norm(theta.map((value, i) => value - drift.theta[i]))).toBeLessThan(1e-3);
    const { J } = jacobian(net, theta);
    const scale = loss === "mse" ? Math.sqrt(2) : 1;
    // Everything in the coordinates P^{1/2}θ, P as it stands.
    const { preconditioner, gain = 1, momentum = 0 } = point.descent;
    const P = preconditioner ?? new Float32Array(net.P).fill(1);
    const G = J.map((value, k) => (scale * value) / Math.sqrt(P[k % net.P]));
    const factors = await factorSpectrum(gramOf(G, 6), { n: 6, K: 1 }, "all");
    const { learningRate = 0.2, batchSize = 6, weightDecay = 0, labelNoise } = optimizer;
    const noise = stepNoise(factors, batchSize, { labelVariance: (scale * labelNoise) ** 2 });
    const options = { learningRate, batchSize, momentum, gain, weightDecay, gemm };
    const C = (await stationaryCovariance(factors, noise, options))!;
    const U = directions(factors, G);
    const covariance = inParameters(C, U, factors.r).map(
      (value, k) => value / Math.sqrt(P[Math.floor(k / net.P)] * P[k % net.P]),
    );
    const half = push(net, theta, covariance).map((value) => (scale * scale * value) / 2);
    const expected = flatPart(
      half.map((value, i) => (value + weightDecay * theta[i]) / Math.sqrt(P[i])),
      U,
    ).map((value, i) => ((-gain * learningRate) / (1 - momentum) / Math.sqrt(P[i])) * value);
    expect(norm(expected.map((value, i) => value - drift.step[i])) / norm(expected)).toBeLessThan(0.02);
  });

  test("is zero, and says so, where every example is fitted and nothing is noisy", async () => {
    const { trainer } = await open(experimentOf({ batchSize: 2 }));
    await train(trainer, 6000);
    const drift = (await predictDrift(trainer.point())) as Drift;
    expect(norm(drift.step)).toBe(0);
    expect(drift.method).toContain("nothing drifts");
  });

  test("is none, and says why, for an optimizer or a point that it does not know", async () => {
    const adam = await open(experimentOf({ kind: "adamw", learningRate: 0.01, weightDecay: 0.1 }));
    await train(adam.trainer, 1);
    expect(await predictDrift(adam.trainer.point())).toContain("with weight decay");
    // Where it starts the net is no minimum's neighbour.
    const { trainer } = await open(example);
    await trainer.computeGradient();
    expect(await predictDrift(trainer.point())).toContain("no minimum within reach");
  });
});

test("label noise carries the example along the minima to a flatter one, as far and where it is predicted", async () => {
  const { experiment, trainer } = await open(example);
  const memory = new ProbeMemory(new Rng(0, "drift"));
  const { every } = experiment.probes.manifold!;
  const readings: ReadonlyMap<string, number>[] = [];
  const minima: Float32Array[] = [];
  for (let t = 0; t <= 17000; t++) {
    await trainer.computeGradient();
    // The first steps lead to the minima.
    if (t >= 5000 && t % every === 0) {
      const { readings: read } = await manifold.measure({
        point: trainer.point(),
        probes: experiment.probes,
        effort: "running",
        memory,
        budget: unlimited(1e9),
        known: new Map(),
        initialLoss: NaN,
      });
      readings.push(new Map(read.map(({ metric, value }) => [metric, value as number])));
      minima.push(memory.get("drift.last")!);
    }
    trainer.advance();
  }
  const mean = (name: string, from: number, to: number): number => {
    const own = readings.slice(from, to).map((reading) => reading.get(`manifold.${name}`)!);
    return own.reduce((sum, value) => sum + value, 0) / own.length;
  };
  // Every window of eight readings after the first.
  const windows = readings.flatMap((reading, i) => (reading.has("manifold.driftMeasured") ? [i] : []));
  expect(windows).toEqual([8, 16, 24]);
  for (const end of windows) {
    const measured = readings[end].get("manifold.driftMeasured")!;
    expect(Math.abs(measured / mean("drift", end - 7, end + 1) - 1)).toBeLessThan(0.15);
    expect(readings[end].get("manifold.driftCosine")).toBeGreaterThan(0.99);
  }
  // After the first window, in which it still bends: the trace falls as the readings say.
  const traceAt = async (theta: Float32Array): Promise<number> => {
    const gram = await trainer.point().elsewhere!(theta).factors!.gram();
    return Array.from({ length: 8 }, (_, i) => gram[9 * i] / 8).reduce((sum, value) => sum + value, 0);
  };
  const [before, after] = [await traceAt(minima[8]), await traceAt(minima[24])];
  const predicted = mean("driftTrace", 8, 24) * every * 16;
  expect(after).toBeLessThan(0.8 * before);
  expect(Math.abs((after - before) / predicted - 1)).toBeLessThan(0.15);
});
