// What happened at a spike: the run is trained again, bit for bit, from a checkpoint before it to where the loss began to rise, measured there, and followed into the rise.
import { join } from "node:path";
import { PausingMeter } from "../measure/budget";
import { EigenTracker } from "../curvature/tracker";
import type { LinearOperator } from "../curvature/operator";
import { preconditioned } from "../curvature/preconditioned";
import type { Point } from "../measure/point";
import { fileError, UserError } from "../protocol/errors";
import { stringify } from "../protocol/numbers";
import type { MeasureRequest } from "../protocol/request";
import { files } from "../protocol/runFolder";
import { readSeries } from "../record/disk/readSeries";
import { largestSpike, spikesOf } from "../stability/spike";
import { sharpnessLimit } from "../stability/thresholds";
import { checkpointName, loadCheckpoint, stepsIn, type Checkpoint } from "../trainers/basin/checkpoint";
import { engineOf } from "../trainers/basin/engineOf";
import { PointSource } from "../trainers/basin/point";
import { Problem } from "../trainers/basin/problem";
import { pointAt } from "../trainers/basin/trainer";
import type { Explanation, Spike } from "../types/explanation";
import { dot, norm, scale } from "../util/linalg/vector";
import { Rng } from "../util/rng";
import { slotsOf } from "./branch";
import { ProbingRun } from "./probingRun";

/** Eigenvectors that the displacement is split along, and relative residual of each. */
const [top, tolerance] = [5, 1e-3];
/** Tensors and examples that are named. */
const named = 10;
/** A rise without end is followed up to this many times the loss before it. */
const furthest = 1e4;

/** The largest spike of a run's training loss, or the one nearest to a step; null where there is none. */
export function spikeIn(folder: string, near?: number): Spike | null {
  const series = readSeries(folder);
  const { steps, values } = series.column("loss.train");
  const spikes = spikesOf(steps, values);
  // A run that diverges from its first steps on has had no course to leave.
  if (spikes.length === 0 && series.diverged && steps.length > 1) {
    const least = values.indexOf(Math.min(...values.filter(Number.isFinite)));
    const [from, peak] = [steps[least], series.diverged.step];
    if (least >= 0 && from < peak) spikes.push({ from, peak, loss: values[least], peakLoss: Infinity });
  }
  if (near === undefined) return largestSpike(spikes);
  const away = ({ from, peak }: Spike): number => Math.max(from - near, near - peak, 0);
  return spikes.reduce<Spike | null>((best, one) => (best && away(best) <= away(one) ? best : one), null);
}

/** The newest checkpoint at or before a step that is whole; null where there is none. */
function checkpointBefore(folder: string, problem: Problem, step: number): Checkpoint | null {
  const checkpoints = join(folder, files.checkpoints);
  for (const at of stepsIn(checkpoints)) {
    if (at > step) continue;
    try {
      return loadCheckpoint(join(checkpoints, checkpointName(at)), problem, slotsOf(problem.experiment));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }
  return null;
}

export interface Explaining {
  readonly problem: Problem;
  readonly folder: string;
  readonly spike: Spike;
  /** Asked between steps and products; throws to abandon it. */
  readonly check: () => void;
}

/** @returns  null where no checkpoint before the spike is left. Costs the steps from it on, and a search for five eigenpairs. */
export async function explainSpike({
  problem: whole,
  folder,
  spike,
  check,
}: Explaining): Promise<Explanation | null> {
  const saved = checkpointBefore(folder, whole, spike.from);
  if (!saved) return null;
  // Running statistics of its own: training moves them in place.
  const problem = whole.withTraining({});
  problem.fillBuffers(saved.buffers);
  const meter = new PausingMeter(check);
  const { theta, step, slots, since, sampler } = saved;
  const run = await ProbingRun.open(problem, { theta, step, saved: { slots, since, sampler } });
  const pause = (): Promise<void> | undefined => meter.check() ?? undefined;
  await run.advance(spike.from, pause);
  const points = PointSource.open(problem, meter);
  const point = await pointAt(problem, points, {
    theta: run.theta,
    step: run.step,
    slots: run.optimizer.slots,
    count: run.step - run.optimizer.since,
  });
  const found = await pairsOf(point);
  const described = await describe(problem, point, found, await displacement(run, spike, pause));
  return described && { spike, ...described };
}

interface Pairs {
  readonly values: readonly number[];
  readonly errors: readonly number[];
  /** Orthonormal, [d] each, in the coordinates P^{1/2}θ. */
  readonly vectors: readonly Float32Array[];
}

function pairsOf(point: Point): Promise<Pairs> {
  const { size, seed, descent } = point;
  const { preconditioner, weightDecay } = descent;
  const operator: LinearOperator =
    preconditioner === null ? point.hessian() : preconditioned(point.hessian(), preconditioner, weightDecay);
  const rng = new Rng(seed, "explain");
  return new EigenTracker({ size, top: Math.min(top, size), tolerance, demand: "vectors", rng }).measure(
    operator,
  );
}

/** How θ moves from where the run stands until the loss has risen half of the way, by its logarithm; [d]. */
async function displacement(
  run: ProbingRun,
  { loss, peak, peakLoss }: Spike,
  pause: () => Promise<void> | undefined,
): Promise<Float32Array> {
  const start = run.theta.slice();
  const half = Math.sqrt(loss * Math.min(peakLoss, furthest * loss));
  let last = start;
  while (run.step < peak && !run.diverged && !(run.lastLoss > half)) {
    await run.advance(run.step + 1, pause);
    if (run.theta.every(Number.isFinite)) last = run.theta.slice();
  }
  return last.map((x, i) => x - start[i]);
}

/** Null where the point gives no finite numbers. */
async function describe(
  problem: Problem,
  point: Point,
  { values, errors, vectors }: Pairs,
  moved: Float32Array,
): Promise<Omit<Explanation, "spike"> | null> {
  if (vectors.length === 0) return null;
  const { preconditioner: P } = point.descent;
  // The eigenvectors are orthonormal in the coordinates P^{1/2}θ.
  const scaled = P === null ? moved : moved.map((x, i) => x * Math.sqrt(P[i]));
  const all = dot(scaled, scaled);
  const shares = vectors.map((v) => (all > 0 ? dot(scaled, v) ** 2 / all : 0));
  // λc²/2 is what the displacement c along an eigenvector adds to the loss: a long way along a flat one is none.
  const rises = shares.map((share, i) => Math.max(0, values[i]) * share);
  const direction = rises.indexOf(Math.max(...rises));
  const v = P === null ? vectors[direction].slice() : vectors[direction].map((x, i) => x / Math.sqrt(P[i]));
  scale(1 / norm(v), v);
  const { descent } = point;
  return {
    directions: vectors.map((_, i) => ({ eigenvalue: values[i], error: errors[i], share: shares[i] })),
    direction,
    preconditioned: P !== null,
    limit: sharpnessLimit(P === null ? descent : { ...descent, weightDecay: 0 }),
    parameters: tensorShares(problem, v),
    examples: await exampleShares(point, v),
    of: point.examples,
  };
}

function tensorShares({ model, shapes }: Problem, v: Float32Array): Explanation["parameters"] {
  let at = 0;
  const all = model.parameters.map(({ name }, i) => {
    const size = shapes[i].reduce((a, b) => a * b, 1);
    const own = v.subarray(at, (at += size));
    return { name, share: dot(own, own) };
  });
  return all.sort((a, b) => b.share - a.share).slice(0, named);
}

/** Of a unit vector v. Costs a product and a Jacobian-vector product. */
async function exampleShares(point: Point, v: Float32Array): Promise<Explanation["examples"]> {
  const { examples: n, outputs: K } = point;
  const slopes = await point.perExample!.gradientsAlong(v);
  const coordinates = await point.factors!.factorCoordinates(v);
  const bends = Float64Array.from({ length: n }, (_, i) => {
    const own = coordinates.subarray(i * K, (i + 1) * K);
    return dot(own, own);
  });
  const sum = (of: Float64Array): number => of.reduce((total, one) => total + one, 0);
  const bend = sum(bends);
  const slope = sum(slopes.map(Math.abs)) * (sum(slopes) < 0 ? -1 : 1);
  const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
  return Array.from(slopes, (one, example) => ({
    example,
    gradient: share(one, slope),
    curvature: share(bends[example], bend),
  }))
    .sort((a, b) => weight(b) - weight(a))
    .slice(0, named);
}

const weight = ({ gradient, curvature }: Explanation["examples"][number]): number =>
  Math.abs(gradient) + curvature;

/** Prints an explanation on stdout. @throws UserError where nothing spiked, or no checkpoint is left before it. */
export async function explain({ experiment, file, from, near }: MeasureRequest): Promise<void> {
  if (!from) throw new Error("internal: explain needs a run");
  const spike = spikeIn(from.folder, near);
  if (!spike)
    throw fileError(
      from.run,
      "has no spike: its training loss nowhere rises to twice its course and out of its own noise",
      "Give a run whose loss jumped, or that diverged.",
    );
  const problem = await Problem.load(experiment, file, await engineOf(experiment, file));
  process.stderr.write(`measuring the rise from step ${spike.from}\n`);
  const explained = await explainSpike({ problem, folder: from.folder, spike, check: () => undefined });
  if (!explained)
    throw fileError(
      from.run,
      `has no checkpoint left before the spike at step ${spike.from}`,
      'Keep more of them: "checkpoints": { "every": N }.',
    );
  process.stdout.write(`${stringify(explained)}\n`);
}
