// Runs judged from recorded factors: against Basin's own stability code on the same numbers, closed forms, populations written out, and files that are none.
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { plainMeter } from "../../../src/curvature/meter";
import { unlimited } from "../../../src/measure/budget";
import { closingMeasurement } from "../../../src/measure/closing";
import { samplingErrors } from "../../../src/measure/sampling";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { decodeFactors } from "../../../src/record/decodeFactors";
import { readRun } from "../../../src/record/disk/catalog";
import { readSeries } from "../../../src/record/disk/readSeries";
import { assembleVerdict } from "../../../src/run/judge";
import { judgeRun } from "../../../src/run/judging/judgeFolder";
import { ReadingsWriter } from "../../../src/run/readingsEvent";
import { growth, smallestStableBatch } from "../../../src/stability/growth";
import { factorSpectrum, ofExamples, type Factors } from "../../../src/stability/secondMoment";
import { stabilityMap } from "../../../src/stability/stabilityMap";
import { typical } from "../../../src/stability/typical";
import { varianceLimit } from "../../../src/stability/varianceLimit";
import { engineOf } from "../../../src/trainers/basin/engineOf";
import { PointSource } from "../../../src/trainers/basin/point";
import { Problem } from "../../../src/trainers/basin/problem";
import { pointAt } from "../../../src/trainers/basin/trainer";
import type { Verdict } from "../../../src/types/verdict";
import { jsGemm as gemm } from "../../../src/util/linalg/jsGemm";
import { Rng } from "../../../src/util/rng";
import { factorBytes, writeFactors, writeScriptRun, type Written } from "../../support/factorFile";
import { randomProblem, type LinearProblem } from "../../support/linearModel";
import { temporary } from "../../support/runs";

const [n, K] = [12, 2];
const problem = randomProblem(n, 20, K, 5);
const rows = n * K;
const gramTensor: Written = { shape: [rows, rows], data: problem.gram };

const metadata = (more: Readonly<Record<string, unknown>> = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries({
      n,
      m: n,
      K,
      B: 2,
      sampling: "independent",
      dropLast: true,
      learningRate: 0.01,
      momentum: 0,
      nesterov: false,
      loss: "cross_entropy",
      step: 40,
      ...more,
    }).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  );

/** λmax of the mean of the factors. */
const sharpest = async ({ gram }: LinearProblem = problem): Promise<number> =>
  (await factorSpectrum(gram, { n, K }, "all")).lambda[0];

interface Case {
  readonly learningRate: number;
  readonly more?: Readonly<Record<string, unknown>>;
  readonly tensors?: Readonly<Record<string, Written>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly end?: object | null;
  /** Seconds for what a typical run does, and the map. */
  readonly seconds?: number;
}

/** A run at a minimum with these factors, judged. */
async function judged({
  learningRate,
  more = {},
  tensors,
  header,
  end,
  seconds = 0,
}: Case): Promise<{ run: string; verdict: Verdict }> {
  const run = join(temporary(), "run");
  const lambda = await sharpest();
  writeScriptRun(run, {
    optimizer: { kind: "sgd", learningRate, batchSize: 2, momentum: 0 },
    experiment: { closing: { seconds } },
    header: {
      parameters: 20,
      examples: n,
      outputs: K,
      dynamics: { preconditioned: false, momentum: 0 },
      ...header,
    },
    events: [
      { kind: "metrics", step: 0, time: 0, values: { "loss.train": 2 } },
      {
        kind: "metrics",
        step: 40,
        time: 3,
        probe: "sharpness",
        values: {
          "loss.train": 1e-6,
          gradNorm: 1e-6,
          sharpness: lambda,
          "sharpness.error": 1e-6 * lambda,
          preconditionedSharpness: lambda,
        },
        how: { sharpness: { how: "estimate", method: "Lanczos on H" } },
      },
      end ?? { kind: "end", step: 41, time: 4, reason: "steps" },
    ],
  });
  writeFactors(run, 40, factorBytes(tensors ?? { gram: gramTensor }, metadata({ learningRate, ...more })));
  const { verdict, damage } = await judgeRun(run);
  expect(damage).toEqual([]);
  return { run, verdict: verdict! };
}

test("limits, growth, map and verdict are those of the stability code on the same Gram matrix", async () => {
  const factors = await factorSpectrum(problem.gram, { n, K }, "all");
  const limit = await varianceLimit(factors, { batchSize: 2, gemm });
  for (const share of [0.5, 1.5]) {
    const learningRate = share * limit.upper;
    const { verdict, run } = await judged({ learningRate, seconds: 2 });
    expect(verdict.limits.variance).toMatchObject({ exact: true, rank: factors.r });
    expect(verdict.limits.variance!.sampled).toBeUndefined();
    expect(Math.abs(verdict.limits.variance!.upper / limit.upper - 1)).toBeLessThan(1e-9);
    const { rho } = await growth(factors, { learningRate, batchSize: 2, gemm });
    // Its own tolerance, from another start.
    expect(Math.abs(verdict.readings.growth!.value / rho - 1)).toBeLessThan(1e-6);
    expect(verdict.limits.mean! / (2 / factors.lambda[0])).toBeCloseTo(1, 9);
    expect(verdict.verdict).toBe(
      share < 1 ? "stable" : learningRate > verdict.limits.mean! ? "unstable-mean" : "unstable-variance",
    );
    expect(verdict.atMinimum).toBe(true);
    const map = await stabilityMap(factors, { gemm });
    verdict.map!.forEach((row, i) =>
      expect(Math.abs(row.largestStableLearningRate / map[i].largestStableLearningRate - 1)).toBeLessThan(
        1e-3,
      ),
    );
    // Panel, list and exports read the same folder: they show what was judged.
    const record = await readRun(run);
    expect(record.verdict?.verdict).toBe(verdict.verdict);
    expect(readSeries(run).number("stability.varianceLimit")).toBeCloseTo(limit.upper, 9);
    expect(record.info.experiment.trainer?.python).toBe("/somewhere/train.py");
  }
});

test.each([
  { kind: "sgd", learningRate: 0.05, momentum: 0, nesterov: false },
  { kind: "sgd", learningRate: 0.5, momentum: 0.9, nesterov: true },
])(
  "a net of Basin's own is judged the same from its recorded Gram matrix: learning rate $learningRate, momentum $momentum",
  async (optimizer) => {
    const text = JSON.stringify({
      data: { source: "chebyshev", degree: 3, examples: 10, testExamples: 0 },
      model: { kind: "mlp", hidden: [6], activation: "tanh" },
      loss: "mse",
      optimizer: { ...optimizer, batchSize: 3 },
      probes: { sharpness: {}, noise: {} },
    });
    const [{ experiment }] = checkExperiment(text, "/nowhere/own.basin.json").points;
    const found = await Problem.load(
      experiment,
      "/nowhere/own.basin.json",
      await engineOf(experiment, "/nowhere/own.basin.json"),
    );
    const points = PointSource.open(found, plainMeter());
    const point = await pointAt(found, points, {
      theta: await found.start(),
      step: null,
      slots: new Map(),
      count: 0,
    });
    const closing = await closingMeasurement(point, {
      probes: experiment.probes,
      budget: unlimited(1e9),
      extent: "verdict",
    });
    const own = assembleVerdict({
      experiment,
      n: found.n,
      step: 0,
      diverged: false,
      initialLoss: closing.minimum.loss,
      loss: closing.minimum.loss,
      kinks: [],
      closing,
      course: [],
    });

    const run = join(temporary(), "run");
    const values = new ReadingsWriter().valuesOf(
      closing.readings.filter(({ metric }) => !metric.startsWith("stability.")),
    );
    writeScriptRun(run, {
      optimizer: { ...optimizer, batchSize: 3 },
      experiment: { seed: experiment.seed, closing: { seconds: 60 } },
      header: {
        parameters: found.d,
        examples: found.n,
        outputs: 1,
        dynamics: { preconditioned: false, momentum: optimizer.momentum, nesterov: optimizer.nesterov },
      },
      events: [
        { kind: "metrics", step: 0, time: 0, values },
        { kind: "end", step: 0, time: 0, reason: "steps" },
      ],
    });
    const gram = Float64Array.from(await point.factors!.gram());
    const about = { ...optimizer, n: 10, m: 10, K: 1, B: 3, sampling: "epochs", step: 0 };
    writeFactors(run, 0, factorBytes({ gram: { shape: [10, 10], data: gram } }, metadata(about)));
    const { verdict } = await judgeRun(run);
    const same = (a: number | null | undefined, b: number | null | undefined) =>
      expect(a! / b!).toBeCloseTo(1, 9);
    same(verdict!.limits.variance!.upper, own.limits.variance!.upper);
    same(verdict!.limits.mean, own.limits.mean);
    same(verdict!.readings.growth!.value, own.readings.growth!.value);
    same(verdict!.limits.typical!.value, own.limits.typical!.value);
    expect(verdict!.limits.variance!.exact).toBe(own.limits.variance!.exact);
    expect(verdict!.verdict).toBe(own.verdict);
    expect(verdict!.typical).toBe(own.typical);
    verdict!.map!.forEach((row, i) =>
      same(row.largestStableLearningRate, own.map![i].largestStableLearningRate),
    );
    expect(verdict!.smallestStableBatchSize).toBe(own.smallestStableBatchSize);
  },
);

test("heavy ball, Nesterov and Adam's running mean have their own thresholds", async () => {
  const lambda = await sharpest();
  const beta = 0.9;
  const meanOf = async (more: object, dynamics: object) =>
    (await judged({ learningRate: 1e-4, more: { momentum: beta, ...more }, header: { dynamics } })).verdict
      .limits.mean!;
  const momentum = { preconditioned: false, momentum: beta };
  expect(await meanOf({}, momentum)).toBeCloseTo((2 + 2 * beta) / lambda, 9);
  expect(await meanOf({ nesterov: "True" }, { ...momentum, nesterov: true })).toBeCloseTo(
    (2 + 2 * beta) / ((1 + 2 * beta) * lambda),
    9,
  );
  const adam = { optimizer: "adam", preconditioned: true, momentum: undefined, beta1: beta };
  expect(await meanOf(adam, { preconditioned: true, momentum: beta, gain: 1 - beta })).toBeCloseTo(
    (2 + 2 * beta) / ((1 - beta) * lambda),
    9,
  );
});

test("coordinates in the eigenbasis say the same as the Gram matrix, and fewer of them an upper bound", async () => {
  const { r, lambda, A } = await factorSpectrum(problem.gram, { n, K }, "all");
  const written = (kept: number) => {
    const data = new Float64Array(rows * kept);
    for (let i = 0; i < rows; i++) data.set(A.subarray(i * r, i * r + kept), i * kept);
    return {
      coordinates: { shape: [n, K, kept], data },
      eigenvalues: { shape: [kept], data: lambda.slice(0, kept) },
    };
  };
  const { verdict: whole } = await judged({ learningRate: 0.01 });
  const { verdict: same } = await judged({ learningRate: 0.01, tensors: written(r), more: { fullRank: r } });
  expect(same.limits.variance!.upper / whole.limits.variance!.upper).toBeCloseTo(1, 9);
  expect(same.limits.variance!.exact).toBe(true);
  const { verdict: part } = await judged({ learningRate: 0.01, tensors: written(r >> 1) });
  expect(part.limits.variance!.exact).toBe(false);
  expect(part.limits.variance!.upper).toBeGreaterThan(whole.limits.variance!.upper);
});

describe("a sample of the examples", () => {
  /** Every example `times` over: what a sample of one of each stands for. */
  function repeated(factors: Factors, times: number): Factors {
    const { A } = factors;
    const all = new Float64Array(times * A.length);
    for (let i = 0; i < times; i++) all.set(A, i * A.length);
    return { ...factors, n: times * factors.n, A: all };
  }

  test("limit, growth, map and typical run are those of the population written out", async () => {
    const own = await factorSpectrum(problem.gram, { n, K }, "all");
    const times = 5;
    const held = { ...own, population: times * n };
    const all = repeated(own, times);
    for (const dynamics of [{}, { momentum: 0.9 }]) {
      for (const batchSize of [1, 7, 20]) {
        const settings = { ...dynamics, batchSize, gemm };
        const [a, b] = [await varianceLimit(held, settings), await varianceLimit(all, settings)];
        expect(a.upper / b.upper).toBeCloseTo(1, 6);
        const rate = { ...settings, learningRate: 0.7 * b.upper };
        expect((await growth(held, rate)).rho / (await growth(all, rate)).rho).toBeCloseTo(1, 6);
        expect(await smallestStableBatch(held, rate)).toBe(await smallestStableBatch(all, rate));
      }
    }
    expect((await stabilityMap(held, { gemm })).map(({ batchSize }) => batchSize)).toEqual([
      1, 2, 4, 8, 16, 32, 60,
    ]);
    for (const sampling of ["epochs", "independent"] as const) {
      const settings = { learningRate: 0.02, batchSize: 8, sampling, dropLast: false, seed: 3, work: 1e7 };
      const [a, b] = [await typical(held, settings), await typical(all, settings)];
      expect(a!.growth.value).toBeCloseTo(b!.growth.value, 9);
    }
  });

  test("factors of some of the examples are those of their own Gram matrix", async () => {
    const own = await factorSpectrum(problem.gram, { n, K }, "all");
    const chosen = [1, 4, 5, 9, 11];
    const at = chosen.flatMap((i) => [i * K, i * K + 1]);
    const gram = Float64Array.from(at.flatMap((i) => at.map((j) => problem.gram[i * rows + j])));
    const direct = await factorSpectrum(gram, { n: chosen.length, K }, "all");
    const part = await ofExamples(own, chosen);
    expect(part.r).toBe(direct.r);
    part.lambda.forEach((value, a) => expect(value / direct.lambda[a]).toBeCloseTo(1, 6));
    const settings = { batchSize: 1, gemm };
    expect(
      (await varianceLimit(part, settings)).upper / (await varianceLimit(direct, settings)).upper,
    ).toBeCloseTo(1, 6);
  });

  test("the jackknife's error of λmax is that of drawing the sample anew, within a factor of two", async () => {
    // One parameter: λmax is the mean of the curvatures, whose standard error is known.
    const [N, m] = [4000, 64];
    const rng = new Rng(1, "curvatures");
    const all = Float64Array.from({ length: N }, () => 1 + rng.uniform());
    const mean = all.reduce((sum, x) => sum + x, 0) / N;
    const deviation = Math.sqrt(all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / N);
    const truth = (deviation / Math.sqrt(m) / mean) * Math.sqrt(1 - m / N);
    const squares: number[] = [];
    for (let seed = 0; seed < 12; seed++) {
      const held = [...new Rng(seed, "held").permutation(N)].slice(0, m).map((i) => all[i]);
      const factors: Factors = {
        n: m,
        K: 1,
        r: 1,
        fullRank: 1,
        population: N,
        A: Float64Array.from(held, Math.sqrt),
        lambda: Float64Array.of(held.reduce((sum, x) => sum + x, 0) / m),
      };
      const descent = { learningRate: 0.1, preconditioner: null, settled: true };
      const errors = await samplingErrors(factors, { descent, batchSize: 8, sampling: "epochs", seed, gemm });
      squares.push(errors!.sharpness ** 2);
    }
    const found = Math.sqrt(squares.reduce((sum, x) => sum + x, 0) / squares.length);
    expect(found / truth).toBeGreaterThan(0.5);
    expect(found / truth).toBeLessThan(2);
  });

  test("is never exact, never a bracket, and says how many examples it is of", async () => {
    const m = 40;
    const large = randomProblem(m, 8, 1, 9);
    const tensors = { gram: { shape: [m, m], data: large.gram } };
    const more = { n: 5000, m, K: 1, B: 16 };
    const { verdict, run } = await judged({
      learningRate: 1e-4,
      tensors,
      more,
      header: { examples: 5000, held: m, outputs: 1 },
      seconds: 2,
    });
    const { variance } = verdict.limits;
    expect(variance).toMatchObject({ exact: false, sampled: { held: m, of: 5000 } });
    const { value, error } = variance!.sampled!;
    expect(error).toBeGreaterThan(0);
    expect(variance!.lower).toBeCloseTo(Math.max(0, value - 2 * error), 12);
    expect(variance!.upper).toBeCloseTo(value + 2 * error, 12);
    const text = [...verdict.reasons, ...verdict.evidence].join("\n");
    expect(text).toMatch(/estimated from 40 of 5000 examples/);
    expect(text).not.toMatch(/exact|certainly|between/i);
    expect(readSeries(run).methods.get("stability.varianceLimit")?.how).toBe("estimate");
    expect(verdict.map!.at(-1)!.batchSize).toBe(5000);
  });
});

test("without factors the noise is not known: inconclusive below the mean limit, unstable above it", async () => {
  const lambda = await sharpest();
  for (const [share, expected] of [
    [0.5, "inconclusive"],
    [1.5, "unstable-mean"],
  ] as const) {
    const run = join(temporary(), "run");
    writeScriptRun(run, {
      optimizer: { kind: "sgd", learningRate: (share * 2) / lambda, batchSize: 2 },
      header: { examples: n, dynamics: { preconditioned: false } },
      events: [
        { kind: "metrics", step: 0, time: 0, values: { "loss.train": 2 } },
        {
          kind: "metrics",
          step: 5,
          time: 1,
          values: { "loss.train": 1e-6, gradNorm: 1e-6, sharpness: lambda, "sharpness.error": 0 },
        },
        { kind: "end", step: 5, time: 1, reason: "steps" },
      ],
    });
    const { verdict } = await judgeRun(run);
    expect(verdict!.verdict).toBe(expected);
    expect(verdict!.limits.mean).toBeCloseTo(2 / lambda, 9);
    expect(verdict!.evidence.join("\n")).toMatch(/No factors were recorded/);
  }
});

test("a sharpness of a sample whose factors nobody recorded is no firm ground", async () => {
  const run = join(temporary(), "run");
  writeScriptRun(run, {
    optimizer: { kind: "sgd", learningRate: 1, batchSize: "full" },
    header: { examples: 5000, held: 100, dynamics: { preconditioned: false } },
    events: [
      {
        kind: "metrics",
        step: 5,
        time: 1,
        values: { "loss.train": 1e-6, sharpness: 4, "sharpness.error": 0 },
      },
      { kind: "end", step: 5, time: 1, reason: "steps" },
    ],
  });
  expect((await judgeRun(run)).verdict!.verdict).toBe("inconclusive");
});

test("finite differences give no firm verdict; divergence is one all the same", async () => {
  const { verdict } = await judged({ learningRate: 1e-5, more: { approximate: true } });
  expect(verdict.verdict).toBe("inconclusive");
  expect(verdict.summary).toMatch(/finite differences/);
  const end = { kind: "end", step: 41, time: 4, reason: "diverged" };
  expect((await judged({ learningRate: 1e-5, more: { approximate: true }, end })).verdict.verdict).toBe(
    "diverged",
  );
});

test("coupled weight decay before a preconditioner leaves the span of the factors: no mean-square limit, with the reason", async () => {
  const more = { optimizer: "adam", momentum: 0.9, weightDecay: 0.1, preconditioned: true };
  const { verdict } = await judged({ learningRate: 0.01, more });
  expect(verdict.limits.variance).toBeNull();
  expect(verdict.evidence.join("\n")).toMatch(/weight decay enters the gradient before it is preconditioned/);
});

test("a file is judged once, a new or changed one again; a broken one costs itself alone", async () => {
  const { run } = await judged({ learningRate: 0.01 });
  expect(await judgeRun(run)).toMatchObject({ judged: 0, verdict: null });
  writeFactors(run, 60, factorBytes({ gram: gramTensor }, metadata({ step: 60 })));
  writeFactors(run, 80, Buffer.from("nothing of the kind"));
  const { judged: count, damage, verdict } = await judgeRun(run);
  expect(count).toBe(2);
  expect(damage.join("\n")).toMatch(/factors\/step-80\.safetensors/);
  expect(verdict!.step).toBe(60);
  const series = readSeries(run);
  expect([...series.column("stability.varianceLimit").steps]).toEqual([40, 60]);
  expect(series.notes.map(({ message }) => message).join()).toMatch(/step-80/);
});

test("while a run trains its limits are judged and no verdict is written; a run of Basin's own is refused", async () => {
  const { run } = await judged({ learningRate: 0.01 });
  const lines = readFileSync(join(run, "events.jsonl"), "utf8").trim().split("\n");
  const other = join(temporary(), "run");
  mkdirSync(other);
  writeFileSync(join(other, "run.json"), readFileSync(join(run, "run.json")));
  writeFileSync(join(other, "events.jsonl"), `${lines.slice(0, -1).join("\n")}\n`);
  writeFactors(other, 40, factorBytes({ gram: gramTensor }, metadata()));
  expect(await judgeRun(other)).toMatchObject({ judged: 1, verdict: null });
  expect(existsSync(join(other, "verdict.json"))).toBe(false);
  const info = JSON.parse(readFileSync(join(run, "run.json"), "utf8")) as {
    experiment: { trainer?: object };
  };
  delete info.experiment.trainer;
  writeFileSync(join(other, "run.json"), JSON.stringify(info));
  await expect(judgeRun(other)).rejects.toThrow(/trained by Basin itself/);
});

test("a link in the place of the factors is not followed, one in the place of the judgements not written through", async () => {
  const { run } = await judged({ learningRate: 0.01 });
  const target = join(temporary(), "elsewhere");
  writeFileSync(target, factorBytes({ gram: gramTensor }, metadata({ step: 90 })));
  symlinkSync(target, join(run, "factors", "step-90.safetensors"));
  await expect(judgeRun(run)).rejects.toThrow(/no plain file/);
});

describe("a file of factors that is none", () => {
  const { gram } = { gram: gramTensor };
  const asymmetric = Float64Array.from(problem.gram);
  asymmetric[1] += 1;
  const infinite = Float64Array.from(problem.gram);
  infinite[0] = NaN;
  test.each([
    ["m", { m: n + 1 }, {}, /`m`: expected at most the n = 12/],
    ["B", { B: 0 }, {}, /`B`: expected a whole number of at least 1; found 0/],
    ["B too large", { B: 13 }, {}, /`B`: expected at most/],
    ["n", { n: "many" }, {}, /`n`: expected a number; found "many"/],
    ["learningRate", { learningRate: "" }, {}, /`learningRate`: expected a number/],
    ["momentum", { momentum: 1 }, {}, /`momentum`: expected a number in \[0, 1\)/],
    ["sampling", { sampling: "random" }, {}, /`sampling`: expected "epochs" or "independent"/],
    ["nesterov", { nesterov: "perhaps" }, {}, /`nesterov`: expected "true" or "false"/],
    ["shape", { K: 3 }, {}, /`gram`: expected \[m·K, m·K\] = \[36, 36\]; found \[24, 24\]/],
    ["nothing", {}, { other: gram }, /neither `gram` nor `coordinates`/],
    ["asymmetric", {}, { gram: { ...gram, data: asymmetric } }, /not symmetric/],
    ["not finite", {}, { gram: { ...gram, data: infinite } }, /not finite/],
    [
      "no eigenvalues",
      {},
      { coordinates: { shape: [n, K, 1], data: new Float64Array(rows).fill(1) } },
      /`eigenvalues`: expected \[r\] = \[1\]; found none/,
    ],
    [
      "foreign eigenvalues",
      {},
      {
        coordinates: { shape: [n, K, 1], data: new Float64Array(rows).fill(1) },
        eigenvalues: { shape: [1], data: Float64Array.of(7) },
      },
      /do not belong to the coordinates/,
    ],
  ] as const)("%s", (_name, more, tensors, message) => {
    const bytes = factorBytes(Object.keys(tensors).length > 0 ? tensors : { gram }, metadata(more));
    expect(() => decodeFactors(bytes, "factors/step-40.safetensors")).toThrow(message);
    expect(() => decodeFactors(bytes, "factors/step-40.safetensors")).toThrow(/step-40/);
  });

  test("cut short anywhere it is an error with the file's name, never a crash", () => {
    const bytes = factorBytes({ gram }, metadata());
    for (let size = 0; size < bytes.length; size += 97)
      expect(() => decodeFactors(bytes.subarray(0, size), "some.safetensors")).toThrow(/some\.safetensors/);
  });
});
