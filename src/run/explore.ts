// `basin explore`: many short branches from one minimum, at other learning rates, batch sizes and momenta: which minima do they reach?
import { EigenTracker } from "../curvature/tracker";
import { PausingMeter, unlimited } from "../measure/budget";
import { closingMeasurement } from "../measure/closing";
import { isInterpolated } from "../measure/minimum";
import { memoryBytes } from "../protocol/memory";
import type { Point } from "../measure/point";
import { optimizerOf } from "../optimizers";
import { fileError } from "../protocol/errors";
import type { OptimizerSpec } from "../protocol/experiment";
import { stringify } from "../protocol/numbers";
import type { ExploreRequest, MeasureRequest } from "../protocol/request";
import { meanLimit, sharpnessLimit } from "../stability/thresholds";
import type { Checkpoint } from "../trainers/basin/checkpoint";
import { engineOf } from "../trainers/basin/engineOf";
import { kinksOf } from "../trainers/basin/kinks";
import { PointSource } from "../trainers/basin/point";
import { Problem } from "../trainers/basin/problem";
import { pointAt } from "../trainers/basin/trainer";
import { Breather } from "../util/breather";
import { norm } from "../util/linalg/vector";
import { Rng } from "../util/rng";
import { branchState } from "./branch";
import { displacement, displacementAt } from "./displaced";
import { assembleVerdict } from "./judge";
import { ProbingRun } from "./probingRun";

/** Learning rates that are tried where none are named, in units of the largest one below the full-batch threshold at the minimum. */
const shares = [0.3, 0.7, 1.2, 1.8, 2.7] as const;
/** Steps of plain gradient descent at 1/λmax, as a share of a branch's, that take the noise of its last steps away. */
const settling = 0.5;
/** A training loss below this share of the first one is that of a minimum, losses being 0 at least. */
const settledBelow = 1e-6;
/** Within so many of its first displacements a branch has come back. */
const stayedWithin = 5;
/** Relative error of the eigenvalues. */
const tolerance = 1e-3;

/** What a point is, beside its loss. */
interface Place {
  readonly loss: number;
  readonly sharpness: number;
  readonly nonuniformity: number;
  /** Test loss − training loss; null without a test set. */
  readonly gap: number | null;
  readonly gradNorm: number;
}

export interface Branch extends Place {
  readonly learningRate: number;
  readonly batchSize: number;
  /** null where the optimizer has none to choose. */
  readonly momentum: number | null;
  /** "unfitted": it settled where the training examples are not fitted, which is no minimum of the kind it left. */
  readonly outcome: "stayed" | "moved" | "unfitted" | "diverged";
  /** ‖θ − θ*‖ after it settled, and over ‖θ*‖. */
  readonly distance: number;
  readonly relative: number;
  /** λmax that full batches at these settings bear. */
  readonly limit: number;
  /** Parameters it reached, [d]; not sent. */
  readonly theta: Float32Array;
}

const nowhere = {
  loss: NaN,
  sharpness: NaN,
  nonuniformity: NaN,
  gap: null,
  gradNorm: NaN,
  distance: Infinity,
  relative: Infinity,
} as const;

/** One branch's settings. */
export interface Setting {
  readonly learningRate: number;
  readonly batchSize: number | "full";
  /** null where the optimizer has none to choose. */
  readonly momentum: number | null;
}

/** λmax(H), λmax(Σ)^½ and losses at a point: what `measure` gives, with nothing else. */
export async function placeOf(point: Point): Promise<Place> {
  const rng = new Rng(point.seed, "explore");
  const top = async (operator: Parameters<EigenTracker["measure"]>[0]): Promise<number> =>
    (await new EigenTracker({ size: point.size, top: 1, tolerance, rng }).measure(operator)).values[0];
  const sharpness = await top(point.hessian());
  const flat = await top(point.gaussNewton!());
  // Squares of large curvatures leave the range of float32.
  const unit = flat > 0 ? flat ** 2 : 1;
  const noise = point.factors!.noiseMatrix();
  const square = await top({
    size: point.size,
    async apply(v, out) {
      await noise.apply(v, out);
      for (let i = 0; i < out.length; i++) out[i] /= unit;
    },
  });
  const { loss, gradient } = await point.evaluate();
  const score = await point.score!();
  const gap = score.test ? score.test.loss - score.train.loss : null;
  const nonuniformity = Math.sqrt(Math.max(0, unit * square));
  return { loss, sharpness, nonuniformity, gap, gradNorm: norm(gradient) };
}

/** Where branches start, and what reads the points they reach. */
export interface Minimum {
  readonly problem: Problem;
  readonly saved: Checkpoint;
  readonly points: PointSource;
  /** First displacement, [d]. */
  readonly delta: Float32Array;
}

/** Trains one branch from a minimum for `steps` steps, lets it settle, and reads the point it has reached. */
export async function exploreBranch(from: Minimum, setting: Setting, steps: number): Promise<Branch> {
  const { problem, saved, points, delta } = from;
  const { slots, since, step } = saved;
  const own = problem.withTraining({ optimizer: optimizerWith(problem.experiment.optimizer, setting) });
  own.fillBuffers(saved.buffers);
  const breather = new Breather();
  const start = saved.theta.map((x, i) => x + delta[i]);
  const sampler = null;
  const run = await ProbingRun.open(own, { theta: start, saved: { slots, since, sampler }, step });
  await run.advance(step + steps, () => breather.breathe());
  const theta = run.diverged ? null : await settle(own, points, run.theta, Math.round(settling * steps));
  const about = {
    learningRate: setting.learningRate,
    batchSize: own.batchSize,
    momentum: setting.momentum,
    limit: limitOf(own),
  };
  if (!theta?.every(Number.isFinite)) return { ...about, ...nowhere, outcome: "diverged", theta: run.theta };
  const place = await placeOf(await at(points, own, theta));
  const distance = norm(theta.map((x, i) => x - saved.theta[i]));
  const reference = norm(saved.theta);
  const stayed = distance <= stayedWithin * displacement * reference;
  const lost = Number.isFinite(saved.initialLoss) && !isInterpolated(place.loss, saved.initialLoss, NaN);
  const outcome = stayed ? "stayed" : lost ? "unfitted" : "moved";
  return { ...about, ...place, outcome, distance, relative: distance / reference, theta };
}

function optimizerWith(spec: OptimizerSpec, { learningRate, batchSize, momentum }: Setting): OptimizerSpec {
  // A rate that is asked for is the one in force: no warm-up, no decay.
  const rest = { ...spec, schedule: undefined };
  if (rest.kind !== "sgd" || momentum === null) return { ...rest, learningRate, batchSize };
  return { ...rest, learningRate, batchSize, momentum, nesterov: rest.nesterov && momentum > 0 };
}

/** λmax that full batches bear at these settings; NaN for a preconditioned optimizer, for which it is another matrix's. */
function limitOf({ experiment: { optimizer } }: Problem): number {
  const own = optimizerOf(optimizer);
  if (own.preconditioner) return NaN;
  return sharpnessLimit({ ...own.dynamics(optimizer), learningRate: optimizer.learningRate });
}

/** The point at θ with the running statistics that its training has left. */
function at(points: PointSource, problem: Problem, theta: Float32Array): Promise<Point> {
  const buffers = problem.model.buffers.map(({ name }, i) => [name, problem.buffers[i]] as const);
  points.problem.fillBuffers(new Map(buffers));
  return pointAt(points.problem, points, { theta, step: null, slots: new Map(), count: 0 });
}

/** Gradient descent at 1/λmax: what is left of the noise of the last steps goes, the minimum stays. Null where it diverged. */
async function settle(
  problem: Problem,
  points: PointSource,
  theta: Float32Array,
  steps: number,
): Promise<Float32Array | null> {
  const { sharpness } = await placeOf(await at(points, problem, theta));
  if (!(sharpness > 0)) return theta;
  const { weightDecay, sampling } = problem.experiment.optimizer;
  const learningRate = 1 / (sharpness + weightDecay);
  const optimizer = { kind: "sgd", learningRate, batchSize: "full", momentum: 0, nesterov: false } as const;
  const own = problem.withTraining({ optimizer: { ...optimizer, weightDecay, sampling } });
  const run = await ProbingRun.open(own, { theta });
  const breather = new Breather();
  await run.advance(steps, () => breather.breathe());
  return run.diverged ? null : run.theta;
}

/** Every combination of what is asked for; else rates about the threshold, own and full batches, with momentum and without. */
function settingsOf(
  problem: Problem,
  asked: ExploreRequest,
  meanLimit: (momentum: number) => number,
): Setting[] {
  const { optimizer } = problem.experiment;
  const momenta: readonly (number | null)[] =
    optimizer.kind === "sgd" ? (asked.momenta ?? [...new Set([optimizer.momentum, 0, 0.9])]) : [null];
  const small = Math.max(1, Math.round(problem.n / 8));
  const own =
    optimizer.batchSize === "full" || optimizer.batchSize === problem.n ? small : optimizer.batchSize;
  const batches = asked.batches ?? (["full", own] as const);
  return momenta.flatMap((momentum) =>
    batches.flatMap((batchSize) =>
      (asked.rates ?? ratesAbout(meanLimit(momentum ?? 0), optimizer.learningRate)).map(
        (learningRate): Setting => ({ learningRate, batchSize, momentum }),
      ),
    ),
  );
}

const ratesAbout = (limit: number, own: number): number[] =>
  shares.map((share) => Number((share * (Number.isFinite(limit) ? limit : own)).toPrecision(3)));

/** Prints an object a line on stdout: the minimum, then each branch as it is done, so that what is there when it is stopped is kept. */
export async function explore({ experiment, file, from, explore: asked }: MeasureRequest): Promise<void> {
  if (!from || !asked) throw new Error("internal: explore needs a run and its numbers");
  const problem = await Problem.load(experiment, file, await engineOf(experiment, file));
  const saved = branchState(from.folder, from.step, problem);
  // Whoever asks for branches waits for them, or stops them.
  const points = PointSource.open(problem, new PausingMeter(() => undefined));
  const point = await pointAt(problem, points, { ...saved, count: saved.step - saved.since });
  const told = (what: string): void => void process.stderr.write(`measuring ${what}\n`);
  const tell = (one: object): void => void process.stdout.write(`${stringify(one)}\n`);
  told("the minimum");
  const place = await placeOf(point);
  await checkMinimum({ problem, points, point, saved, run: from.run, step: from.step });
  const delta = await displacementAt(point, experiment.seed);
  const limits = (momentum: number) =>
    meanLimit(place.sharpness, {
      ...optimizerOf(experiment.optimizer).dynamics(experiment.optimizer),
      momentum,
    });
  const settings = settingsOf(problem, asked, limits);
  const { steps } = asked;
  tell({
    run: from.run,
    step: from.step,
    examples: problem.n,
    steps,
    branches: settings.length,
    minimum: place,
  });
  for (const [i, setting] of settings.entries()) {
    told(`branch ${i + 1} of ${settings.length}`);
    const branch = await exploreBranch({ problem, saved, points, delta }, setting, steps);
    tell({ ...branch, theta: undefined });
  }
}

/** @throws UserError where the run has not settled: what a branch reaches from there is no other minimum. */
async function checkMinimum({
  problem,
  points,
  point,
  saved,
  run,
  step,
}: {
  readonly problem: Problem;
  readonly points: PointSource;
  readonly point: Point;
  readonly saved: Checkpoint;
  readonly run: string;
  readonly step: number;
}): Promise<void> {
  // Gradient, loss and the most negative curvature decide; nothing else is measured.
  const { experiment, n } = problem;
  const closing = await closingMeasurement(point, {
    probes: experiment.probes,
    budget: unlimited(memoryBytes(experiment.memory)),
    extent: "minimum",
    initialLoss: saved.initialLoss,
  });
  const { atMinimum, minimum } = assembleVerdict({
    experiment,
    n,
    step,
    diverged: false,
    initialLoss: saved.initialLoss,
    loss: closing.minimum.loss,
    kinks: kinksOf(points.curvature.network.loss),
    closing,
    course: [],
  });
  // Near an interpolating minimum the loss goes on falling by the same factor for ever: from so low there is nowhere left to fall.
  if (atMinimum || closing.minimum.loss <= settledBelow * saved.initialLoss) return;
  throw fileError(
    run,
    `has not reached a minimum at step ${step}, from which to explore: ${minimum.why}`,
    "Train it further first: basin resume RUN, or basin branch RUN --step N --set stop.steps=….",
  );
}
