// The closing measurement: the same probes with more effort, under a budget. Cheapest first, what the verdict needs before what it does not.
import type { ProbesSpec } from "../protocol/experiment";
import type { Cost, Reading } from "../types/reading";
import { norm } from "../util/linalg/vector";
import { Rng } from "../util/rng";
import { BudgetSpent, type Budget } from "./budget";
import { Limits } from "./limits";
import { ProbeMemory } from "./memory";
import { notApplicable, type Descent, type Point } from "./point";
import { exactOfAll, pointFor, Readings, type Facts, type Probe } from "./probe";
import { generalization } from "./probes/generalization";
import { gradientNoise } from "./probes/gradientNoise";
import { noise } from "./probes/noise";
import { sharpness } from "./probes/sharpness";
import { smoothness } from "./probes/smoothness";
import { spectrum } from "./probes/spectrum";
import { isSample, populationOf } from "./sampling";

/** What a verdict rests on, in the order it is measured. */
const forVerdict: readonly Probe[] = [generalization, sharpness, noise, smoothness];
/** What says whether there is a minimum: curvature downwards. */
const forMinimum: readonly Probe[] = [sharpness];
/** What `basin measure` tells: the chain comes last, for one of its links takes the norm of H and the noise's alignment. */
const forMeasure: readonly Probe[] = [generalization, sharpness, noise, spectrum, gradientNoise, smoothness];

const partsOf = { minimum: forMinimum, verdict: forVerdict, everything: forMeasure } as const;

export interface Closing {
  readonly minimum: Minimum;
  readonly descent: Descent;
  readonly readings: readonly Reading[];
  /** Of all of it together. */
  readonly cost: Cost;
  readonly facts: Facts;
  /** Sentences: what the budget left out, and what cannot be measured here. */
  readonly leftOut: readonly string[];
}

export interface ClosingOptions {
  readonly probes: ProbesSpec;
  readonly budget: Budget;
  /** `minimum` is what tells whether the point is one; `everything` adds what a verdict does not need: trace, Frobenius norm, gradient noise. */
  readonly extent: keyof typeof partsOf;
  /** The first training loss, where it is known. */
  readonly initialLoss?: number;
  /** Eigenvectors from the run's last readings, to start from, by the name of the search. */
  readonly warm?: ReadonlyMap<string, readonly Float32Array[]>;
  /** Told what is being measured, and how many parts of all are done. */
  readonly progress?: (what: string, done: number, of: number) => void;
}

/** How near a minimum the point is. */
interface Minimum {
  readonly loss: number;
  readonly gradNorm: number;
  /** ∇LᵀP⁻¹∇L: what a step takes off the loss to first order, per learning rate. */
  readonly slope: number;
  /** NaN where the trainer does not tell. */
  readonly interpolationResidual: number;
}

/** Loss and gradient: every other reading is relative to them. */
async function minimumReadings(point: Point): Promise<{ minimum: Minimum; readings: Reading[] }> {
  const read = new Readings(point);
  const { loss, gradient } = await point.evaluate();
  const interpolationResidual = (await point.interpolationResidual?.()) ?? NaN;
  read.lap();
  const gradNorm = norm(gradient);
  const { preconditioner: P } = point.descent;
  const slope = P === null ? gradNorm ** 2 : gradient.reduce((sum, g, i) => sum + (g * g) / P[i], 0);
  const method = `a sum over all examples${point.tied ? ", with the statistics of all of them as one batch" : ""}`;
  read.add("loss.train", loss, exactOfAll(method));
  read.add("gradNorm", gradNorm, exactOfAll(method));
  return { minimum: { loss, gradNorm, slope, interpolationResidual }, readings: read.list };
}

const statistics =
  "Batch normalization: loss, gradient, Hessian and Gauss–Newton factors are those of all training examples as one batch, whose statistics move with the parameters. Every limit is that of this dynamics; a mini-batch is normalized by its own statistics, which adds noise that no limit here knows.";

const sampleWords = (held: number, of: number): string =>
  `Every curvature, limit and growth is that of ${held} of the ${of} training examples (\`subsample\`): an estimate, whose error bar holds what another sample would change; a limit decides two standard errors away from it. Loss and gradient are those of all of them, and batches are drawn from all.`;

/** Measures a point as well as the budget allows. Ends early, with what there is, where it is over. */
export async function closingMeasurement(point: Point, options: ClosingOptions): Promise<Closing> {
  const {
    probes,
    budget,
    extent,
    initialLoss = NaN,
    warm = new Map<string, readonly Float32Array[]>(),
    progress = () => undefined,
  } = options;
  const [products, started] = [point.meter.products, performance.now()];
  const parts = partsOf[extent];
  const known = new Map<string, Reading>();
  const keep = (readings: readonly Reading[]): void =>
    readings.forEach((reading) => known.set(reading.metric, reading));
  // Draws of their own: a closing measurement does not depend on how often the run was read before.
  const rng = new Rng(point.seed, "measure");
  let facts: Facts = {
    ...(point.tied && { statistics }),
    ...(isSample(point) && { sample: sampleWords(point.examples, populationOf(point)) }),
  };
  const leftOut: string[] = [];
  progress("loss and gradient", 0, parts.length + 1);
  const { minimum, readings } = await minimumReadings(point);
  keep(readings);
  for (const [i, probe] of parts.entries()) {
    const name = probe.label.toLowerCase();
    const why = notApplicable(point, probe.needs);
    if (why !== null || (budget.over() && probe !== generalization)) {
      leftOut.push(why === null ? `Left out: ${name}.` : `${probe.label}: ${why}.`);
      continue;
    }
    await point.release?.();
    progress(name, i + 1, parts.length + 1);
    const memory = new ProbeMemory(rng);
    for (const [name, vectors] of warm) memory.startFrom(name, vectors);
    try {
      const own = await pointFor(probe, point);
      const task = { point: own, probes, effort: "closing", memory, budget, known, initialLoss } as const;
      const measured = await probe.measure(task);
      keep(measured.readings);
      facts = { ...facts, ...measured.facts };
      leftOut.push(...(measured.leftOut ?? []).map((what) => `Left out: ${what}.`));
    } catch (error) {
      if (!(error instanceof BudgetSpent)) throw error;
      leftOut.push(`Left out: ${name}.`);
    }
  }
  const limit = new Limits().update([...known.values()]);
  if (limit) keep([limit]);
  if (point.deadUnits && !budget.over()) facts = { ...facts, deadUnits: await point.deadUnits() };
  const cost = {
    products: point.meter.products - products,
    seconds: (performance.now() - started) / 1000,
  };
  return { minimum, descent: point.descent, readings: [...known.values()], cost, facts, leftOut };
}
