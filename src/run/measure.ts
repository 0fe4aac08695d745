// `basin measure`: no training, every metric and the verdict at given weights.
import { engineOf } from "./engineOf";
import { stringify } from "../protocol/numbers";
import type { RunRequest } from "../protocol/request";
import { kinksOf } from "./kinks";
import { measurePoint } from "./measurePoint";
import { Problem } from "./problem";
import { contextOf } from "./start";
import { assembleVerdict } from "./verdict";

/** Prints the contract's object on stdout; says what it is doing on stderr. */
export async function measure({ experiment, file, weights }: RunRequest): Promise<void> {
  const engine = await engineOf(experiment, file);
  const problem = await Problem.load(experiment, file, engine);
  const theta = await problem.start(weights);
  for (const note of problem.notes) process.stderr.write(`${note}\n`);
  const context = await contextOf(problem, theta, () => undefined);
  const say = (what: string): void =>
    void process.stderr.write(`measuring ${what}
`);
  const state = { step: null, slots: new Map<string, Float32Array>(), count: 0 };
  const point = await measurePoint(problem, context, theta, state, { say, extent: "full" });
  const verdict = assembleVerdict({
    experiment,
    n: problem.n,
    step: 0,
    diverged: false,
    initialLoss: NaN,
    loss: point.loss,
    kinks: kinksOf(context.curvature.network.loss),
    point,
  });
  process.stdout.write(
    `${stringify({ experiment: experiment.name, parameters: problem.d, examples: problem.n, metrics: point.metrics, verdict })}\n`,
  );
}
