// The training loop: step, probe, log, checkpoint, until a stop condition, divergence or a signal.
import { join } from "node:path";
import { norm } from "../util/linalg/vector";
import { learningRateAt } from "../optimizers";
import { probes, type ActiveProbe, type ProbeContext } from "../probes";
import type { EndReason } from "../protocol/events";
import type { MetricValues } from "../protocol/metrics";
import { files } from "../protocol/runFolder";
import type { EventLog } from "../record/disk/eventLog";
import { Rng } from "../util/rng";
import { newestCheckpoint, saveCheckpoint, type TrainingState } from "./checkpoint";
import { descentOf, type OptimizerState } from "./descent";
import { Interrupted, type Interrupt } from "./interrupt";
import type { Problem } from "./problem";
import { Stepper } from "./stepper";

/** Loss above this many times its initial value is divergence (theory.md, section 7). */
const divergenceFactor = 1e4;
/** Seconds of a reading that are worth a write to the disk before and after; quicker ones wait for the log's own clock. */
const longReading = 0.05;
/** A run logs its loss at no more than about this many steps, and at every step a probe reads. */
const loggedSteps = 5000;

export interface Reached {
  readonly step: number;
  readonly time: number;
  readonly reason: EndReason;
  readonly theta: Float32Array;
  readonly loss: number;
  readonly initialLoss: number;
  readonly memories: ReadonlyMap<string, readonly Float32Array[]>;
  readonly state: OptimizerState;
}

interface Going {
  readonly probe: (typeof probes)[number];
  readonly every: number;
  readonly active: ActiveProbe;
  /** Whether the next reading may take long, as far as the last one tells. */
  long: boolean;
}

/** Trains from `saved` or from `theta`. Reads the full training loss every step when full batch, once an epoch otherwise. */
export async function train(
  problem: Problem,
  folder: string,
  log: EventLog,
  context: ProbeContext,
  interrupt: Interrupt,
  theta: Float32Array,
  saved: TrainingState | null,
): Promise<Reached> {
  const { experiment, n, batchSize } = problem;
  const { stop, checkpoints, optimizer } = experiment;
  const stepper = await Stepper.make(problem, theta, saved);
  const going = probes.flatMap((probe): Going[] => {
    const every = probe.every(experiment);
    if (every === undefined) return [];
    const active = probe.start(experiment, problem.d, new Rng(experiment.seed, `probe.${probe.id}`));
    active.recall(saved?.memories.get(probe.id) ?? []);
    return [{ probe, every, active, long: true }];
  });
  const full = batchSize === n;
  const epoch = full ? 1 : Math.max(1, Math.floor(n / batchSize));
  const logEvery = Math.max(1, Math.ceil(stop.steps / loggedSteps));
  const before = saved?.time ?? 0;
  const started = performance.now();
  const clock = (): number => before + (performance.now() - started) / 1000;
  const limits: { mean?: number; variance?: number } = {};
  const fullLoss = async (): Promise<number> => (await problem.score(problem.data.train, theta)).loss;
  // A resumed run has its first loss in the checkpoint; a batch run's first loss is of the whole training set.
  let initialLoss = saved?.initialLoss ?? NaN;
  let trainLoss = NaN;
  let step = saved?.step ?? 0;
  // What a checkpoint holds is the state before this step's batch was drawn.
  let sampler = stepper.sampler?.state ?? null;
  const keep = (): void => {
    const state = {
      step,
      time: clock(),
      initialLoss,
      theta,
      buffers: new Map(problem.model.buffers.map(({ name }, i) => [name, problem.buffers[i]])),
      slots: stepper.slots,
      since: stepper.since,
      sampler,
      memories: memoriesOf(going),
    };
    const file = saveCheckpoint(join(folder, files.checkpoints), problem.model, state);
    log.add({ kind: "checkpoint", step, file: `${files.checkpoints}/${file}` });
    log.flush();
  };
  const optimizerState = (): OptimizerState => ({ step, slots: stepper.slots, count: step - stepper.since });
  // A schedule's learning rate is logged whenever it is not the one logged last.
  let loggedRate: number | null = null;
  const changedRate = (): MetricValues => {
    const learningRate = learningRateAt(optimizer, step);
    if (!optimizer.schedule || learningRate === loggedRate) return {};
    loggedRate = learningRate;
    return { learningRate };
  };
  const read = async (one: Going): Promise<void> => {
    const { probe, active } = one;
    // A reading may take seconds: what is known already goes to the disk first.
    if (one.long) log.flush();
    context.curvature.setPoint(theta);
    context.descent = descentOf(optimizer, optimizerState(), stepper.gradient);
    const { meter } = context.curvature;
    const products = meter.products;
    const t0 = performance.now();
    const values = await active.measure(context);
    const cost = { products: meter.products - products, seconds: (performance.now() - t0) / 1000 };
    limits.mean = scalar(values["stability.meanLimit"]) ?? limits.mean;
    limits.variance = scalar(values["stability.varianceLimit"]) ?? limits.variance;
    const both = Math.min(limits.mean ?? Infinity, limits.variance ?? Infinity);
    const touched = "stability.meanLimit" in values || "stability.varianceLimit" in values;
    const extra: MetricValues = touched ? { "stability.limit": both } : {};
    const all = { ...values, ...extra, ...changedRate() };
    log.add({ kind: "metrics", step, time: clock(), probe: probe.id, cost, values: all });
    one.long = cost.seconds > longReading;
    if (one.long) log.flush();
  };
  const end = (reason: EndReason): Reached => {
    if (reason !== "diverged" && step % checkpoints.every !== 0) keep();
    const memories = memoriesOf(going);
    const state = optimizerState();
    return { step, time: clock(), reason, theta, loss: trainLoss, initialLoss, memories, state };
  };

  // A new run, or a branch, is resumable from the start.
  if (newestCheckpoint(join(folder, files.checkpoints)) === null) keep();
  for (;;) {
    try {
      sampler = stepper.sampler?.state ?? null;
      const last = step >= stop.steps;
      // The whole training loss: free when full batch, read once an epoch otherwise.
      const epochLoss = !full && (last || step % epoch === 0) ? await fullLoss() : null;
      const batchLoss = await stepper.look(step);
      const gradNorm = norm(stepper.gradient);
      const known = full ? batchLoss : epochLoss;
      if (known !== null) {
        trainLoss = known;
        if (Number.isNaN(initialLoss)) initialLoss = known;
        if (last || !full || step % logEvery === 0)
          log.add({
            kind: "metrics",
            step,
            time: clock(),
            values: { "loss.train": known, ...(full ? { gradNorm } : {}), ...changedRate() },
          });
      }
      const finite = Number.isFinite(batchLoss) && Number.isFinite(known ?? 0);
      if (!finite || !Number.isFinite(gradNorm) || trainLoss > divergenceFactor * initialLoss) {
        trainLoss = known ?? (await fullLoss());
        log.add({ kind: "metrics", step, time: clock(), values: { "loss.train": trainLoss } });
        log.add({ kind: "diverged", step, what: finite && !Number.isFinite(gradNorm) ? "gradient" : "loss" });
        return end("diverged");
      }
      for (const one of going) if (step % one.every === 0) await read(one);
      if (known !== null && stop.trainLoss !== undefined && known <= stop.trainLoss) return end("trainLoss");
      if (last) return end("steps");
      if (stop.minutes !== undefined && clock() > stop.minutes * 60) return end("minutes");
      interrupt.check();
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      return end("interrupted");
    }
    stepper.move(step);
    step++;
    if (step % checkpoints.every === 0) {
      sampler = stepper.sampler?.state ?? null;
      keep();
    }
    // The engine answers through promises alone; let signals, timers and the log have their turn.
    if (step % 16 === 0) await new Promise(setImmediate);
  }
}

const memoriesOf = (going: readonly Going[]): Map<string, readonly Float32Array[]> =>
  new Map(going.map(({ probe, active }) => [probe.id, active.memory]));

const scalar = (value: number | readonly number[] | undefined): number | undefined =>
  typeof value === "number" ? value : undefined;
