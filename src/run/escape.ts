// `basin escape`: restarts near the point a run reached, with given settings, and watches whether training leaves it.
import { closingSeconds, ClosingBudget, PausingMeter } from "../measure/budget";
import { closingMeasurement } from "../measure/closing";
import { memoryBytes } from "../protocol/memory";
import { stringify } from "../protocol/numbers";
import type { MeasureRequest } from "../protocol/request";
import { BatchSampler } from "../util/batchSampler";
import type { TrainingState } from "../trainers/basin/checkpoint";
import { engineOf } from "../trainers/basin/engineOf";
import { PointSource } from "../trainers/basin/point";
import { Problem } from "../trainers/basin/problem";
import { Stepper } from "../trainers/basin/stepper";
import { pointAt } from "../trainers/basin/trainer";
import { branchState } from "./branch";
import { displacementAt } from "./displaced";

/** Growth of the distance beyond this factor is no longer linear: the run has left. */
const leftBeyond = 30;
/** A distance below this share of the first one drowns in float32 rounding: the run is back. */
const backBelow = 1e-3;

const progress = (what: string): void => void process.stderr.write(`measuring ${what}\n`);

/** Prints one object on stdout: predicted and measured growth of the squared distance per step. */
export async function escape({ experiment, file, from, escape: how }: MeasureRequest): Promise<void> {
  if (!from || !how) throw new Error("internal: escape needs a run and its numbers");
  const problem = await Problem.load(experiment, file, await engineOf(experiment, file));
  const saved = branchState(from.folder, from.step, problem);
  const budget = new ClosingBudget(
    closingSeconds(experiment.closing ?? "full"),
    memoryBytes(experiment.memory),
  );
  const points = PointSource.open(problem, new PausingMeter(() => budget.check()));
  const point = await pointAt(problem, points, { ...saved, count: saved.step - saved.since });
  const { readings, facts } = await closingMeasurement(point, {
    probes: experiment.probes,
    budget,
    extent: "verdict",
    initialLoss: saved.initialLoss,
    progress,
  });
  const valueOf = (metric: string) => readings.find((reading) => reading.metric === metric)?.value ?? null;
  const errorOf = (metric: string) => readings.find((reading) => reading.metric === metric)?.error ?? null;
  const seeds = [];
  for (let seed = 0; seed < how.seeds; seed++) {
    progress(`seed ${seed}`);
    const delta = await displacementAt(point, seed);
    seeds.push({ seed, ...(await replica(problem, saved, delta, { seed, steps: how.steps })) });
  }
  const curves = seeds.map(({ distances }) => distances);
  const result = {
    run: from.run,
    step: from.step,
    examples: problem.n,
    settings: { ...experiment.optimizer, learningRate: point.descent.learningRate },
    predicted: {
      growth: valueOf("stability.growth"),
      typicalGrowth: valueOf("stability.typicalGrowth"),
      typicalGrowthError: errorOf("stability.typicalGrowth"),
      typicalLimit: valueOf("stability.typicalLimit"),
      meanLimit: valueOf("stability.meanLimit"),
      variance: facts.variance ?? null,
    },
    measured: {
      growth: growthOf(meanCurve(curves)),
      typicalGrowth: Math.exp(seeds.reduce((sum, { growth }) => sum + Math.log(growth), 0) / seeds.length),
      left: seeds.filter(({ left }) => left !== null).length,
    },
    seeds: seeds.map(({ seed, growth, left }) => ({ seed, growth, left })),
  };
  process.stdout.write(`${stringify(result)}\n`);
}

/** Squared distances from the point, step by step, until the steps are done, or it has left, or is back. */
async function replica(
  problem: Problem,
  saved: TrainingState,
  delta: Float32Array,
  { seed, steps }: { readonly seed: number; readonly steps: number },
): Promise<{ distances: number[]; growth: number; left: number | null }> {
  const { n, batchSize, d } = problem;
  const { sampling } = problem.experiment.optimizer;
  const theta = saved.theta.map((x, i) => x + delta[i]);
  const sampler = batchSize === n ? null : new BatchSampler({ n, size: batchSize, sampling, seed }).state;
  const slots = new Map([...saved.slots].map(([name, values]) => [name, values.slice()]));
  const stepper = await Stepper.make(problem, theta, { since: saved.since, slots, sampler });
  const distances: number[] = [];
  let left: number | null = null;
  let back = false;
  for (let t = 0; t <= steps && left === null && !back; t++) {
    let squared = 0;
    for (let i = 0; i < d; i++) squared += (theta[i] - saved.theta[i]) ** 2;
    distances.push(squared);
    if (!(squared <= leftBeyond ** 2 * distances[0])) left = t;
    back = squared < backBelow ** 2 * distances[0];
    await stepper.computeGradient(saved.step + t);
    stepper.step(saved.step + t);
  }
  return { distances, growth: growthOf(distances), left };
}

/** Mean over the replicas while all of them are near: the second moment that ρ speaks of. */
function meanCurve(curves: readonly (readonly number[])[]): number[] {
  const length = Math.min(...curves.map((curve) => curve.length));
  return Array.from({ length }, (_, t) => curves.reduce((s, curve) => s + curve[t], 0) / curves.length);
}

/** Factor per step: least squares through the logarithms of the latter three quarters, past the first transient. */
function growthOf(distances: readonly number[]): number {
  const points = distances
    .map((value, t) => [t, Math.log(value)] as const)
    .filter(([t, y]) => t >= distances.length >> 2 && Number.isFinite(y));
  const mean = (pick: 0 | 1): number => points.reduce((s, point) => s + point[pick], 0) / points.length;
  const [tMean, yMean] = [mean(0), mean(1)];
  const across = points.reduce((s, [t, y]) => s + (t - tMean) * (y - yMean), 0);
  return Math.exp(across / points.reduce((s, [t]) => s + (t - tMean) ** 2, 0));
}
