// Readings on a sample of the examples: second derivatives of single losses, the spread of many samples against the error bars, and what a verdict may say.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { plainMeter } from "../../../src/curvature/meter";
import { traceAndNorm } from "../../../src/curvature/trace";
import { openEngine } from "../../../src/engines";
import { probes } from "../../../src/measure";
import { unlimited } from "../../../src/measure/budget";
import { closingMeasurement } from "../../../src/measure/closing";
import { ProbeMemory } from "../../../src/measure/memory";
import { notApplicable, type Point } from "../../../src/measure/point";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { assembleVerdict } from "../../../src/run/judge";
import { growth } from "../../../src/stability/growth";
import { factorSpectrum } from "../../../src/stability/secondMoment";
import { PointSource } from "../../../src/trainers/basin/point";
import { Problem } from "../../../src/trainers/basin/problem";
import { jsGemm } from "../../../src/util/linalg/jsGemm";
import { Rng } from "../../../src/util/rng";
import { temporary } from "../../support/runs";

/** Population, sample, inputs and hidden units. */
const [N, m, D, width] = [400, 120, 3, 5];
const draws = 24;

const folder = temporary();
const file = join(folder, "a.basin.json");
let theta: Float32Array;
let rows: Float64Array;

beforeAll(async () => {
  const rng = new Rng(5, "population");
  rows = Float64Array.from({ length: N * (D + 1) }, () => rng.normal());
  const lines = Array.from({ length: N }, (_, i) => rows.subarray(i * (D + 1), (i + 1) * (D + 1)).join());
  writeFileSync(join(folder, "data.csv"), ["a,b,c,y", ...lines].join("\n"));
  theta = await (await problemOf({})).start();
});

async function problemOf(more: object): Promise<Problem> {
  const given = {
    data: { source: "csv", train: { file: "data.csv" }, targets: ["y"], task: "regression", scale: "none" },
    model: { hidden: [width], activation: "tanh" },
    loss: "squared-error",
    optimizer: { learningRate: 0.3, batchSize: 8 },
    ...more,
  };
  const { points, problems } = checkExperiment(JSON.stringify(given), file);
  expect(problems).toEqual([]);
  return Problem.load(points[0].experiment, file, await openEngine("auto", { threads: 1 }));
}

function pointOf(problem: Problem): Promise<Point> {
  const source = PointSource.open(problem, plainMeter());
  return Promise.resolve(source.at(theta, { learningRate: 0.3, preconditioner: null, settled: true }));
}

/** ½(f − y)² of one example by the definition alone, in float64. */
function lossOf(at: Float64Array, i: number): number {
  let f = at[width * D + 2 * width];
  for (let j = 0; j < width; j++) {
    let z = at[width * D + j];
    for (let k = 0; k < D; k++) z += at[j * D + k] * rows[i * (D + 1) + k];
    f += at[width * D + width + j] * Math.tanh(z);
  }
  return (f - rows[i * (D + 1) + D]) ** 2 / 2;
}

test("the curvature of each example's loss between two directions is its mixed second difference", async () => {
  const rng = new Rng(1, "directions");
  const [u, v] = [0, 1].map(() => Float32Array.from(theta, () => rng.normal()));
  const point = await pointOf(await problemOf({}));
  const found = await point.perExample!.curvature!(u, v);
  const h = 1e-3;
  const along = (a: number, b: number) => Float64Array.from(theta, (x, i) => x + h * (a * u[i] + b * v[i]));
  for (let i = 0; i < N; i += 37) {
    const [pp, pm, mp, mm] = [along(1, 1), along(1, -1), along(-1, 1), along(-1, -1)].map((at) =>
      lossOf(at, i),
    );
    expect(Math.abs(found[i] - (pp - pm - mp + mm) / (4 * h * h))).toBeLessThan(
      1e-3 * (1 + Math.abs(found[i])),
    );
  }
});

test("a sample is drawn by the seed alone, of different examples, and all of them are no sample", async () => {
  const [one, same, other, all] = await Promise.all(
    [{ subsample: m }, { subsample: m }, { subsample: m, seed: 1 }, { subsample: 10 * N }].map(problemOf),
  );
  expect(one.held).toEqual(same.held);
  expect(one.held.x).not.toEqual(other.held.x);
  expect(one.n).toBe(N);
  const key = (x: Float32Array, i: number) => x.subarray(i * D, (i + 1) * D).join();
  const known = new Set(Array.from({ length: N }, (_, i) => key(one.data.train.x, i)));
  const drawn = new Set(Array.from({ length: m }, (_, i) => key(one.held.x, i)));
  expect(drawn.size).toBe(m);
  for (const row of drawn) expect(known.has(row)).toBe(true);
  expect(all.isSampled).toBe(false);
  expect((await pointOf(all)).population).toBeUndefined();
});

describe("over many samples", () => {
  const names = ["sharpness", "noise", "smoothness", "spectrum", "gradientNoise", "layers"] as const;
  const asked = {
    ...Object.fromEntries(names.map((name) => [name, { every: 1 }])),
    noise: { every: 1, rank: "all" },
    spectrum: { every: 1, steps: 4, starts: 16 },
  };
  const readingsOf = async (more: object) => {
    const problem = await problemOf({ probes: asked, ...more });
    const point = await pointOf(problem);
    const found = new Map<string, { value: number; error: number; how: string; method: string }>();
    for (const name of names) {
      const probe = probes.find(({ id }) => id === name)!;
      const task = {
        point,
        probes: problem.experiment.probes,
        effort: "running",
        memory: new ProbeMemory(new Rng(problem.experiment.seed, name)),
        budget: unlimited(1e9),
        known: new Map(),
        initialLoss: NaN,
      } as const;
      for (const { metric, value, error = 0, how, method } of (await probe.measure(task)).readings) {
        const first = (x: number | readonly number[]) => (typeof x === "number" ? x : x[0]);
        found.set(metric, { value: first(value), error: first(error), how, method });
      }
    }
    return found;
  };
  let truth: Awaited<ReturnType<typeof readingsOf>>;
  const samples: (typeof truth)[] = [];
  beforeAll(async () => {
    truth = await readingsOf({});
    const { trace } = await traceAndNorm(
      (await pointOf(await problemOf({}))).hessian(),
      new Rng(0, "trace"),
      {
        exact: true,
      },
    );
    truth.set("trace", { ...truth.get("trace")!, value: trace.value });
    for (let seed = 1; seed <= draws; seed++) samples.push(await readingsOf({ seed, subsample: m }));
  }, 300_000);

  // The root mean square of 24 standard normal deviates lies in these bounds but for one time in 10⁴; bars that hold more than sampling
  // (random signs, directions, the bias that a largest eigenvalue has) may be wider.
  test.each([
    { metric: "sharpness", least: 0.6 },
    { metric: "sharpness.layers", least: 0.6 },
    { metric: "gaussNewtonSharpness", least: 0.6 },
    { metric: "nonuniformity", least: 0.5 },
    { metric: "smoothness.input", least: 0.6 },
    { metric: "noise.trace", least: 0.6 },
    { metric: "trace", least: 0.2 },
  ])("the error bar of $metric is two deviations of what samples give", ({ metric, least }) => {
    const { value } = truth.get(metric)!;
    const squares = samples.map((own) => {
      const reading = own.get(metric)!;
      return ((reading.value - value) / (reading.error / 2)) ** 2;
    });
    const rms = Math.sqrt(squares.reduce((a, b) => a + b, 0) / draws);
    expect(rms).toBeLessThan(1.6);
    expect(rms).toBeGreaterThan(least);
  });

  test("the error of the mean-square limit is that of what samples give", () => {
    const { value } = truth.get("stability.varianceLimit")!;
    const deviations = samples.map((own) => own.get("stability.varianceLimit")!.value - value);
    const spread = Math.sqrt(deviations.reduce((a, b) => a + b * b, 0) / draws);
    const told = Math.sqrt(
      samples.reduce((a, own) => a + own.get("stability.varianceLimit")!.error ** 2, 0) / draws,
    );
    expect(told / spread).toBeGreaterThan(0.6);
    expect(told / spread).toBeLessThan(2.5);
  });

  test("nothing of a sample is exact or a bound, and says of how many examples it is", () => {
    for (const [metric, { how, method, error }] of samples[0]) {
      expect(how, metric).toBe("estimate");
      if (metric !== "noise.batchSharpness" && metric !== "stability.varianceLimit")
        expect(method, metric).toContain(`${m} of ${N} examples`);
      expect(error, metric).toBeGreaterThan(0);
    }
    expect(truth.get("smoothness.input")!.how).toBe("exact");
  });
});

test("a verdict on a sample is an estimate: batches are drawn from all examples, loss and gradient are of all", async () => {
  const [whole, part] = await Promise.all([problemOf({}), problemOf({ subsample: m })]);
  const [point, all] = [await pointOf(part), await pointOf(whole)];
  const options = { probes: {}, budget: unlimited(1e9), extent: "verdict" } as const;
  const closing = await closingMeasurement(point, options);
  const { loss, gradient } = await all.evaluate();
  const of = (metric: string) => closing.readings.find((reading) => reading.metric === metric)!;
  expect(of("loss.train")).toMatchObject({ how: "exact", value: loss });
  expect(of("gradNorm").value).toBeCloseTo(Math.hypot(...gradient), 5);
  for (const { metric, how } of closing.readings)
    if (!/^loss|^accuracy|^gradNorm|^gap/.test(metric)) expect(how, metric).toBe("estimate");
  expect(closing.facts.variance).toMatchObject({ exact: false, sampled: { held: m, of: N } });
  expect(closing.facts.chain).toBeUndefined();
  expect(closing.leftOut.join()).toContain("the chain to generalization");
  // ρ by the factors of the sample and the sampling factor of the population.
  const factors = await factorSpectrum(await point.factors!.gram(), { n: m, K: 1 }, "all");
  const settings = { learningRate: 0.3, batchSize: 8, gemm: jsGemm };
  const { rho } = await growth({ ...factors, population: N }, settings);
  expect(of("stability.growth").value).toBeCloseTo(rho, 5);
  const verdict = assembleVerdict({
    experiment: part.experiment,
    n: part.n,
    step: 0,
    diverged: false,
    initialLoss: NaN,
    loss,
    kinks: [],
    closing,
    course: [],
  });
  expect(verdict.settings.examples).toBe(N);
  expect(verdict.evidence.join("\n")).toContain(`${m} of the ${N} training examples`);
  expect(verdict.evidence).not.toContain("The mean-square limit is exact.");
  const flow = probes.find(({ id }) => id === "flow")!;
  expect(notApplicable(point, flow.needs)).toContain("subsample");
  expect(notApplicable(all, flow.needs)).toBeNull();
});
