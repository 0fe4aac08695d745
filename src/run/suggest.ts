// `basin suggest`: a learning rate and a warm-up from the curvature at the start and from short trainings, with the evidence.
import { stringify } from "../protocol/numbers";
import type { MeasureRequest } from "../protocol/request";
import { engineOf } from "../trainers/basin/engineOf";
import { Problem } from "../trainers/basin/problem";
import { Breather } from "../util/breather";
import { atRate, ProbingRun } from "./probingRun";
import { searchRate, type Found, type Trial } from "./rateSearch";
import { sharpnessOf, startCurvature, type StartCurvature } from "./startCurvature";

/** The grid whose cost is the measure: so many rates, so many seeds. */
export const grid = { rates: 12, seeds: 3 } as const;
/** Share of its cost that a suggestion may take, and the part of that for the curvature at the start. */
const [share, shareOfCurvature] = [0.1, 0.05];
/** Share of a gradient's passes that a loss makes: forward alone, of forward and twice as much backward. */
const lossShare = 1 / 3;
/** What the search begins with where no first step is too long. */
const anyRate = 1;

export interface Suggested {
  readonly learningRate: number | null;
  readonly warmup: number | null;
  readonly steps: number;
  readonly startLoss: number;
  readonly start: StartCurvature;
  readonly later: Found["curvature"];
  readonly trials: Found["trials"];
  /** In gradients of one batch: all of it, and a grid of 12 rates and 3 seeds. */
  readonly cost: number;
  readonly gridCost: number;
}

/** @param steps  Of the training that the rate is for. @param progress  Told what is being done. */
export async function suggestRate(
  problem: Problem,
  steps: number,
  progress: (what: string) => void = () => undefined,
): Promise<Suggested> {
  const { optimizer } = problem.experiment;
  const gridCost = grid.rates * grid.seeds * steps;
  const most = share * gridCost;
  const theta = await problem.start();
  const breather = new Breather();
  progress("the curvature at the start");
  const start = await startCurvature(problem, theta, shareOfCurvature * most);
  const { loss: startLoss } = await problem.score(problem.data.train, theta);
  const before = start.cost + (lossShare * problem.n) / problem.batchSize;
  const runs = new Map<Trial, ProbingRun>();
  const open = async (rate: number, warmup: number | null): Promise<Trial> => {
    const own = problem.withTraining({ optimizer: atRate(optimizer, rate, warmup) });
    const run = await ProbingRun.open(own, { theta });
    const trial: Trial = {
      rate,
      warmup,
      get diverged() {
        return run.diverged;
      },
      get cost() {
        return run.cost;
      },
      advance: (step) => {
        progress(`${step} steps at learning rate ${Number(rate.toPrecision(3))}`);
        return run.advance(step, () => breather.breathe());
      },
      get loss() {
        return run.recentLoss;
      },
    };
    runs.set(trial, run);
    return trial;
  };
  const found = await searchRate({
    steps,
    first: firstRate(problem, start),
    startLoss,
    sharpness: start.sharpness,
    curvature: async (trial) => {
      progress("the curvature after some steps");
      const { theta: there, step } = runs.get(trial)!;
      const { sharpness, cost } = await sharpnessOf(problem, there, start.examples);
      return { rate: trial.rate, step, sharpness, cost };
    },
    warmup: (optimizer.schedule?.warmup ?? 0) === 0,
    most: most - before,
    open,
  });
  return {
    learningRate: found.rate === null ? null : Number(found.rate.toPrecision(2)),
    warmup: found.warmup,
    steps,
    startLoss,
    start,
    later: found.curvature,
    trials: found.trials,
    cost: before + found.cost,
    gridCost,
  };
}

/** The limit of one step, shared among the steps that momentum adds up. */
function firstRate({ experiment }: Problem, { descentLimit }: StartCurvature): number {
  const { optimizer } = experiment;
  const momentum = optimizer.kind === "sgd" ? optimizer.momentum : 0;
  const rate = descentLimit * (1 - momentum);
  return rate > 0 && Number.isFinite(rate) ? rate : anyRate;
}

/** Prints one object on stdout; says what it is doing on stderr. */
export async function suggest({ experiment, file, steps }: MeasureRequest): Promise<void> {
  const problem = await Problem.load(experiment, file, await engineOf(experiment, file));
  const suggested = await suggestRate(problem, steps ?? experiment.stop.steps, (what) =>
    process.stderr.write(`measuring ${what}\n`),
  );
  process.stdout.write(`${stringify({ experiment: experiment.name, ...suggested })}\n`);
}
