// `basin measure`: no training, every metric and the verdict at given weights.
import { dirname, resolve } from "node:path";
import { ClosingBudget, closingSeconds, PausingMeter } from "../measure/budget";
import { closingMeasurement } from "../measure/closing";
import { memoryBytes } from "../protocol/memory";
import { stringify } from "../protocol/numbers";
import type { MeasureRequest } from "../protocol/request";
import { engineOf } from "../trainers/basin/engineOf";
import { readOptimizerState } from "../trainers/basin/optimizerState";
import { kinksOf } from "../trainers/basin/kinks";
import { PointSource } from "../trainers/basin/point";
import { Problem } from "../trainers/basin/problem";
import { pointAt } from "../trainers/basin/trainer";
import { assembleVerdict } from "./judge";
import { ReadingsWriter } from "./readingsEvent";

/** Prints the contract's object on stdout; says what it is doing on stderr. */
export async function measure({ experiment, file, weights, optimizerState }: MeasureRequest): Promise<void> {
  const problem = await Problem.load(experiment, file, await engineOf(experiment, file));
  const theta = await problem.start(weights);
  const from = weights ?? experiment.model.weights;
  const stateFile =
    optimizerState !== undefined
      ? { path: optimizerState, required: true }
      : from !== undefined
        ? { path: resolve(dirname(file), from), required: false }
        : null;
  const state = stateFile && readOptimizerState(stateFile, experiment.optimizer, problem.model);
  if (state?.note !== undefined) problem.notes.push(state.note);
  // Whoever asks for a measurement alone waits for it.
  const budget = new ClosingBudget(
    closingSeconds(experiment.closing ?? "full"),
    memoryBytes(experiment.memory),
  );
  const points = PointSource.open(problem, new PausingMeter(() => budget.check()));
  const point = await pointAt(problem, points, {
    theta,
    step: null,
    slots: state?.slots ?? new Map(),
    count: state?.count ?? 0,
  });
  const closing = await closingMeasurement(point, {
    probes: experiment.probes,
    budget,
    extent: "everything",
    progress: (what) => void process.stderr.write(`measuring ${what}\n`),
  });
  const verdict = assembleVerdict({
    experiment,
    n: problem.n,
    step: 0,
    diverged: false,
    initialLoss: NaN,
    loss: closing.minimum.loss,
    kinks: kinksOf(points.curvature.network.loss),
    closing,
    // Nothing was trained: there are no readings to look back on.
    course: [],
  });
  const metrics = new ReadingsWriter().valuesOf(closing.readings);
  const { d: parameters, n: examples, trained, notes } = problem;
  const about = { experiment: experiment.name, parameters, examples, trained, notes };
  process.stdout.write(`${stringify({ ...about, metrics, verdict })}\n`);
}
