// Random small problems of every loss and layer: what the closing measurement says of them, with its error bars, beside the dense truth in float64.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildNetwork } from "../../src/curvature/buildNetwork";
import { totalSize, viewsOf } from "../../src/curvature/flat";
import { plainMeter } from "../../src/curvature/meter";
import type { Network } from "../../src/curvature/network";
import { openEngine } from "../../src/engines";
import { hvp, vjp } from "../../src/graph/differentiate";
import type { Node } from "../../src/graph/node";
import { losses } from "../../src/losses";
import { buildModel } from "../../src/models";
import { unlimited } from "../../src/measure/budget";
import { closingMeasurement } from "../../src/measure/closing";
import type { Descent } from "../../src/measure/point";
import { checkExperiment } from "../../src/protocol/checkExperiment";
import type { LossKind } from "../../src/protocol/experiment";
import { PointSource } from "../../src/trainers/basin/point";
import { Problem } from "../../src/trainers/basin/problem";
import { symmetricEigen } from "../../src/util/linalg/symmetricEigen";
import { expect } from "vitest";
import { Rng } from "../../src/util/rng";
import { f4, i8, zipFile } from "../unit/data/files";
import { modelSamples, type ModelSample } from "../unit/models/samples";
import { function64 } from "./float64";

interface Outcome {
  readonly seed: number;
  readonly problem: string;
  readonly metric: string;
  readonly value: number;
  readonly error: number;
  readonly truth: number;
}

const samples: readonly ModelSample[] = [
  ...modelSamples,
  {
    name: "batchNorm",
    spec: { kind: "sequential", layers: [{ dense: 4 }, "batchNorm", "tanh", "dense"] },
    inputShape: [3],
  },
  ...(["relu", "sigmoid"] as const).map((activation) => ({
    name: activation,
    spec: { kind: "mlp", hidden: [5, 4], activation, bias: true } as const,
    inputShape: [3],
  })),
];
const lossKinds: readonly LossKind[] = ["mse", "squared-error", "cross-entropy"];

/** Dense matrices of more parameters take minutes. */
const mostParameters = 150;

/** Those small enough for dense matrices; the model of two minima takes data of its own. */
const small = samples.filter(({ spec, inputShape, outputs = 2 }) => {
  if (spec.kind === "twoMinima") return false;
  const { parameters } = buildModel(spec, inputShape, outputs);
  return totalSize(parameters.map(({ shape }) => shape)) <= mostParameters;
});

const pick = <T>(rng: Rng, list: readonly T[]): T => list[rng.below(list.length)];
const between = (rng: Rng, low: number, high: number): number => low + (high - low) * rng.uniform();

/** A problem of a kind drawn by its seed, in a folder of its own; `engine` as in an experiment. */
async function problemOf(seed: number, folder: string) {
  const rng = new Rng(seed, "error bars");
  const sample = pick(rng, small);
  const loss = sample.outputs === 1 ? "mse" : (sample.loss ?? pick(rng, lossKinds));
  // Some samples end with two outputs of their own.
  const [n, K] = [5 + rng.below(4), sample.outputs ?? 2];
  const D = sample.inputShape.reduce((a, b) => a * b, 1);
  // Features as they come from tables: some in thousands.
  const scales = Array.from({ length: D }, () => (rng.uniform() < 0.1 ? 10 ** between(rng, 0, 3) : 1));
  const [low, high] = sample.range ?? [-1, 1];
  const x = Array.from({ length: n * D }, (_, i) =>
    sample.tokens ? rng.below(sample.tokens) : scales[i % D] * between(rng, low, high),
  );
  const y =
    loss === "cross-entropy"
      ? i8(
          [n],
          Array.from({ length: n }, (_, i) => (i < K ? i : rng.below(K))),
        )
      : f4(
          [n, K],
          Array.from({ length: n * K }, () => between(rng, -1, 1)),
        );
  const entries = { "x_train.npy": f4([n, ...sample.inputShape], x), "y_train.npy": y };
  writeFileSync(join(folder, "data.npz"), zipFile(entries));
  const file = join(folder, "p.basin.json");
  const adam = rng.uniform() < 0.3;
  const text = JSON.stringify({
    seed,
    data: { source: "npz", file: "data.npz" },
    model: sample.spec,
    loss,
    optimizer: { kind: adam ? "rmsprop" : "sgd", learningRate: 0.01, batchSize: 2 },
    stop: { steps: 1 },
    engine: rng.uniform() < 0.5 ? "auto" : "onnx",
    threads: 1,
  });
  const { points, problems } = checkExperiment(text, file, {});
  if (points.length !== 1) throw new Error(JSON.stringify(problems));
  const { experiment } = points[0];
  const problem = await Problem.load(experiment, file, await openEngine(experiment.engine, { threads: 1 }));
  const theta = await problem.start();
  const spread = pick(rng, [0.5, 1, 1, 2]);
  for (let i = 0; i < theta.length; i++) theta[i] *= spread;
  // Near interpolation cross-entropy is made of small numbers beside large ones.
  const views = viewsOf(theta, problem.shapes);
  if (loss === "cross-entropy" && rng.uniform() < 0.4) {
    const factor = between(rng, 5, 40);
    for (const view of views.slice(-2)) for (let i = 0; i < view.length; i++) view[i] *= factor;
  }
  const preconditioner = adam
    ? Float32Array.from({ length: theta.length }, () => 10 ** between(rng, -3, 0))
    : null;
  const descent: Descent = { learningRate: 0.01, preconditioner, settled: true };
  const name = `${sample.name}, ${loss}, n ${n}, K ${K}, θ × ${spread}, ${problem.engine.name}`;
  return { problem, theta, descent, name };
}

/** Every unit vector of some inputs in turn, as their values. */
function* units(nodes: readonly Node[]): Generator<Float64Array[]> {
  const sizes = nodes.map(({ shape }) => totalSize([shape]));
  for (const [i, size] of sizes.entries())
    for (let j = 0; j < size; j++)
      yield sizes.map((own, k) => {
        const values = new Float64Array(own);
        if (k === i) values[j] = 1;
        return values;
      });
}

const flat = (parts: readonly Float64Array[]): Float64Array =>
  Float64Array.from(parts.flatMap((part) => [...part]));

/** Hessian [d, d] and factor columns [nK][d] of a network at θ. */
function dense(network: Network, feeds: ReadonlyMap<Node, Float64Array>) {
  const { graph, loss, output, parameters, factor, n, K } = network;
  const v = parameters.map(({ shape }, i) => graph.input(`dense.v${i}`, shape));
  const hessian = function64(hvp(loss, parameters, v), feeds, v);
  const H = [...units(v)].map((unit) => flat(hessian(unit)));
  const u = graph.input("dense.u", [n, K]);
  const columns = function64(vjp([output], [factor(u)], parameters), feeds, [u]);
  const G = [...units([u])].map((unit) => flat(columns(unit)));
  return { H, G };
}

type Matrix = readonly Float64Array[];

/** Eigenvalues of a symmetric matrix, largest first. */
function eigenvalues(A: Matrix): number[] {
  const d = A.length;
  const all = new Float64Array(d * d);
  A.forEach((row, i) => row.forEach((x, j) => (all[i * d + j] = (x + A[j][i]) / 2)));
  return [...symmetricEigen(all, d).values].sort((a, b) => b - a);
}

const product = (A: Matrix, B: Matrix): Float64Array[] =>
  A.map((row) => {
    const out = new Float64Array(B[0].length);
    row.forEach((x, k) => B[k].forEach((y, j) => (out[j] += x * y)));
    return out;
  });

/** Σ ggᵀ / n over columns g. */
const outer = (columns: Matrix, n: number): Float64Array[] =>
  Array.from(columns[0], (_, i) =>
    Float64Array.from(columns[0], (_, j) => columns.reduce((sum, g) => sum + g[i] * g[j], 0) / n),
  );

/** What the closing measurement should find. */
function truths(
  { H, G }: { H: Matrix; G: Matrix },
  n: number,
  P: Float32Array | null,
): Record<string, number> {
  const K = G.length / n;
  const values = eigenvalues(H);
  const mean = outer(G, n);
  const noise = product(mean, mean).map((row) => row.map((x) => -x));
  for (let i = 0; i < n; i++)
    for (let k = 0; k < K; k++)
      for (let m = 0; m < K; m++) {
        const [g, other] = [G[i * K + k], G[i * K + m]];
        const kernel = g.reduce((sum, x, j) => sum + x * other[j], 0) / n;
        noise.forEach((row, a) => row.forEach((_, b) => (row[b] += kernel * g[a] * other[b])));
      }
  return {
    sharpness: values[0],
    "eigenvalue.min": values[values.length - 1],
    gaussNewtonSharpness: eigenvalues(mean)[0],
    nonuniformity: Math.sqrt(Math.max(0, eigenvalues(noise)[0])),
    trace: values.reduce((a, b) => a + b, 0),
    frobenius: Math.sqrt(values.reduce((a, b) => a + b * b, 0)),
    ...(P && {
      preconditionedSharpness: eigenvalues(
        H.map((row, a) => row.map((x, b) => x / Math.sqrt(P[a] * P[b]))),
      )[0],
    }),
  };
}

/** What was measured of the problem of a seed, beside what is true of it. */
async function outcomesOf(seed: number): Promise<Outcome[]> {
  const folder = mkdtempSync(join(tmpdir(), "basin-bars-"));
  try {
    const { problem, theta, descent, name } = await problemOf(seed, folder);
    const source = PointSource.open(problem, plainMeter());
    const point = source.at(theta, descent);
    const { readings } = await closingMeasurement(point, {
      probes: {},
      budget: unlimited(1e9),
      extent: "everything",
    });
    const { model, data, experiment, n } = problem;
    const inputs = data.inputShape.reduce((a, b) => a * b, 1);
    const parts = { model, loss: losses[experiment.loss], inputs, outputs: data.outputs };
    const network = buildNetwork(parts, n);
    const feeds = new Map<Node, Float64Array>([
      [network.x, Float64Array.from(data.train.x)],
      [network.y, Float64Array.from(data.train.y)],
      ...viewsOf(theta, problem.shapes).map(
        (view, i) => [network.parameters[i], Float64Array.from(view)] as const,
      ),
    ]);
    const wanted = truths(dense(network, feeds), n, descent.preconditioner);
    return Object.entries(wanted).flatMap(([metric, truth]) => {
      const reading = readings.find((one) => one.metric === metric);
      if (!reading) return [];
      const { value, error } = reading;
      return [{ seed, problem: name, metric, value: value as number, error: (error ?? 0) as number, truth }];
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of few problems one reading of a metric may be off; of many one in a hundred. */
const shareOff = 0.01;
/** Times that the bar is wider than the error at most, on the median; that of a few dozen problems is itself uncertain by a factor. */
const widest = (count: number): number => (count >= 500 ? 30 : 75);

/** What came of a kind of reading. */
export interface Coverage {
  readonly metric: string;
  readonly readings: number;
  /** Those whose bar does not hold the truth, as sentences. */
  readonly off: readonly string[];
  /** Median of bar / error. */
  readonly ratio: number;
}

function coverageOf(metric: string, outcomes: readonly Outcome[]): Coverage {
  const errorOf = ({ value, truth }: Outcome): number => Math.abs(value - truth);
  const off = outcomes.filter((outcome) => !(errorOf(outcome) <= outcome.error));
  const ratios = outcomes.map((outcome) => outcome.error / errorOf(outcome)).sort((a, b) => a - b);
  return {
    metric,
    readings: outcomes.length,
    off: off.map((o) => `seed ${o.seed}, ${o.problem}: ${o.value} ± ${o.error}, truth ${o.truth}`),
    ratio: ratios[ratios.length >> 1],
  };
}

/**
 * Fails where error bars of `count` problems, by seed from `first` on, do not hold, or say nothing. Prints a line a metric.
 * @param told  Hears what there is so far, every 50 problems and at the end.
 */
export async function expectHonest(
  first: number,
  count: number,
  told: (problems: number, coverage: readonly Coverage[]) => void = () => undefined,
): Promise<void> {
  const byMetric = new Map<string, Outcome[]>();
  let coverage: readonly Coverage[] = [];
  for (let i = 1; i <= count; i++) {
    for (const outcome of await outcomesOf(first + i - 1))
      byMetric.set(outcome.metric, [...(byMetric.get(outcome.metric) ?? []), outcome]);
    if (i % 50 !== 0 && i !== count) continue;
    coverage = [...byMetric].map(([metric, outcomes]) => coverageOf(metric, outcomes));
    told(i, coverage);
  }
  for (const { metric, readings, off, ratio } of coverage)
    console.log(
      `${metric}: ${readings} readings, ${off.length} outside their bar, the bar ${ratio.toPrecision(3)} times the error on the median`,
    );
  for (const { metric, readings, off, ratio } of coverage) {
    const most = Math.max(1, shareOff * readings);
    expect(off.length, `${metric}\n${off.join("\n")}`).toBeLessThanOrEqual(most);
    expect(ratio, metric).toBeLessThanOrEqual(widest(count));
  }
}
