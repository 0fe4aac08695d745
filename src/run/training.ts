// The training loop: gradient, loss, readings, checkpoint, step, until a stop condition, divergence or a signal.
import { join } from "node:path";
import type { EndReason, Measured } from "../protocol/events";
import { files } from "../protocol/runFolder";
import type { EventLog } from "../record/disk/eventLog";
import {
  hasCheckpoint,
  saveCheckpoint,
  type Checkpoint,
  type TrainingState,
} from "../trainers/basin/checkpoint";
import { isCheckpointStep } from "../trainers/basin/checkpointSteps";
import type { Trainer } from "../trainers/basin/trainer";
import { norm } from "../util/linalg/vector";
import type { ActiveProbes } from "./activeProbes";
import { Interrupted, type Interrupt } from "./interrupt";
import { ReadingPlace } from "./readings/place";
import { RecentSteps } from "./recentSteps";

/** Loss above this many times its initial value is divergence (theory.md, section 7). */
const divergenceFactor = 1e4;
/** A run logs its loss at no more than about this many steps, and at every step a probe reads. */
const loggedSteps = 5000;

export interface TrainingParts {
  readonly trainer: Trainer;
  readonly probes: ActiveProbes;
  readonly log: EventLog;
  readonly folder: string;
  readonly interrupt: Interrupt;
  readonly saved: Checkpoint | null;
}

/** Why training ended, and with which losses. */
export interface Reached {
  readonly reason: EndReason;
  readonly loss: number;
  readonly initialLoss: number;
}

/** What the gradient told of the present step. */
interface StepLosses {
  readonly batchLoss: number;
  readonly gradNorm: number;
  /** Of the whole training set: every step when full batch, once an epoch otherwise; else null. */
  readonly fullLoss: number | null;
}

export class Training {
  private readonly started = performance.now();
  private readonly recent = new RecentSteps();
  private readonly readings: ReadingPlace;
  private readonly fullBatch: boolean;
  private readonly epoch: number;
  private readonly logEvery: number;
  private initialLoss: number;
  private loss = NaN;
  private loggedRate: number | null = null;
  private told = false;

  constructor(private readonly parts: TrainingParts) {
    const { trainer, saved } = parts;
    this.readings = new ReadingPlace(parts);
    const { n, batchSize, experiment } = trainer.problem;
    this.fullBatch = batchSize === n;
    this.epoch = this.fullBatch ? 1 : Math.max(1, Math.floor(n / batchSize));
    this.logEvery = Math.max(1, Math.ceil(experiment.stop.steps / loggedSteps));
    // A resumed run has its first loss in the checkpoint; a batch run's first loss is of the whole training set.
    this.initialLoss = saved?.initialLoss ?? NaN;
    this.loss = saved?.loss ?? NaN;
  }

  /** Seconds of training so far. */
  readonly time = (): number => (this.parts.saved?.time ?? 0) + (performance.now() - this.started) / 1000;

  /** Trains to the end. */
  async run(): Promise<Reached> {
    const { folder, probes } = this.parts;
    // A new run, or a branch, is resumable from the start.
    if (!hasCheckpoint(join(folder, files.checkpoints))) await this.keep();
    probes.repeat();
    try {
      const reason = await this.steps();
      // With the readings of this step, which a resume then need not repeat.
      if (reason !== "diverged") await this.keep();
      await this.readings.settle();
      return { reason, loss: this.loss, initialLoss: this.initialLoss };
    } finally {
      this.readings.end();
    }
  }

  /** Step after step, until one of them ends the training: why. */
  private async steps(): Promise<EndReason> {
    const { trainer } = this.parts;
    const { checkpoints } = trainer.problem.experiment;
    for (;;) {
      const reason = await this.visit();
      if (reason !== null) return reason;
      trainer.advance();
      if (isCheckpointStep(trainer.step, checkpoints.every)) await this.keep();
      // The engine answers through promises alone; let signals, timers and the log have their turn.
      if (trainer.step % 16 === 0) await new Promise(setImmediate);
    }
  }

  /** Everything that happens at θ as it stands: why training ends here, or null where it goes on. */
  private async visit(): Promise<EndReason | null> {
    try {
      // Awaited here and not in a method of its own: a small net's step costs as little as a few promises.
      const { trainer, probes } = this.parts;
      const readsLoss = !this.fullBatch && (this.last || trainer.step % this.epoch === 0);
      const epochLoss = readsLoss ? await trainer.fullLoss() : null;
      const batchLoss = await trainer.computeGradient();
      const losses = {
        batchLoss,
        gradNorm: norm(trainer.gradient),
        fullLoss: this.fullBatch ? batchLoss : epochLoss,
      };
      this.logLosses(losses);
      const what = this.divergence(losses);
      if (what !== null) {
        await this.logDivergence(losses, what);
        return "diverged";
      }
      if (probes.due(trainer.step)) {
        const taken = this.takeReadings();
        if (taken) await taken;
      }
      const reason = this.stopReason(losses);
      if (reason === null) this.parts.interrupt.check();
      return reason;
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      return "interrupted";
    }
  }

  private get last(): boolean {
    const { step, problem } = this.parts.trainer;
    return step >= problem.experiment.stop.steps;
  }

  private logLosses({ batchLoss, gradNorm, fullLoss }: StepLosses): void {
    const { step } = this.parts.trainer;
    const time = this.time();
    this.recent.add(step, time, batchLoss, gradNorm);
    if (fullLoss === null) return;
    this.loss = fullLoss;
    if (Number.isNaN(this.initialLoss)) this.initialLoss = fullLoss;
    if (!this.last && this.fullBatch && step % this.logEvery !== 0) return;
    const values = { "loss.train": fullLoss, ...(this.fullBatch && { gradNorm }), ...this.changedRate() };
    this.readings.add({ kind: "metrics", step, time, values, ...(!this.told && { how: this.ways() }) });
    this.told = true;
  }

  /** How the loop's own numbers come about; with batch normalization two kinds of statistics are in question. */
  private ways(): Readonly<Record<string, Measured>> {
    const { buffers } = this.parts.trainer.problem;
    const batch = this.fullBatch ? ", with the statistics of the batch" : ", with the running statistics";
    const method = `mean over all training examples${buffers.length > 0 ? batch : ""}`;
    const own: Measured = { how: "exact", method };
    return {
      "loss.train": own,
      ...(this.fullBatch && { gradNorm: own }),
      learningRate: { how: "exact", method: "the optimizer's setting, schedule applied" },
    };
  }

  /** A schedule's learning rate is logged whenever it is not the one logged last. */
  private changedRate(): Readonly<Record<string, number>> {
    const { problem, learningRate } = this.parts.trainer;
    if (!problem.experiment.optimizer.schedule || learningRate === this.loggedRate) return {};
    this.loggedRate = learningRate;
    return { learningRate };
  }

  /** SAM's limit is one at a slope, so that readings need it beside them. */
  private slope(): Readonly<Record<string, number>> {
    const { problem, gradient } = this.parts.trainer;
    const { optimizer } = problem.experiment;
    return this.fullBatch && optimizer.kind === "sgd" && optimizer.sam ? { gradNorm: norm(gradient) } : {};
  }

  private divergence({ batchLoss, gradNorm, fullLoss }: StepLosses): "loss" | "gradient" | null {
    if (!Number.isFinite(batchLoss) || !Number.isFinite(fullLoss ?? 0)) return "loss";
    if (!Number.isFinite(gradNorm)) return "gradient";
    return this.loss > divergenceFactor * this.initialLoss ? "loss" : null;
  }

  /** Where the loss has gone, and step by step how it came there. */
  private async logDivergence({ fullLoss }: StepLosses, what: "loss" | "gradient"): Promise<void> {
    const { trainer } = this.parts;
    const { step } = trainer;
    this.loss = fullLoss ?? (await trainer.fullLoss());
    const earlier = this.fullBatch
      ? this.recent.columns("loss.train", "gradNorm")
      : this.recent.columns("loss.batch", "gradNorm.batch");
    const values = { "loss.train": this.loss };
    this.readings.add({ kind: "metrics", step, time: this.time(), values, ...(earlier && { earlier }) });
    this.readings.add({ kind: "diverged", step, what });
  }

  private takeReadings(): Promise<void> | undefined {
    const { step, learningRate } = this.parts.trainer;
    const more = () => ({ ...this.changedRate(), ...this.slope() });
    return this.readings.take({ step, time: this.time, learningRate, loss: this.loss, more });
  }

  private stopReason({ fullLoss }: StepLosses): EndReason | null {
    const { stop } = this.parts.trainer.problem.experiment;
    if (fullLoss !== null && stop.trainLoss !== undefined && fullLoss <= stop.trainLoss) return "trainLoss";
    if (this.last) return "steps";
    return stop.minutes !== undefined && this.time() > stop.minutes * 60 ? "minutes" : null;
  }

  /**
   * Writes a checkpoint, as soon as all readings before it are taken. What the log says up to here is on the disk before: a kill in
   * between loses nothing.
   */
  private async keep(): Promise<void> {
    const { trainer, probes } = this.parts;
    // Nothing to go on from: the next visit finds that training has diverged.
    if (!trainer.isFinite) return;
    const training: TrainingState = {
      ...(this.readings.isAhead ? trainer.copiedState() : trainer.state()),
      time: this.time(),
      initialLoss: this.initialLoss,
      loss: this.loss,
    };
    await this.readings.keep((memories) =>
      this.write({ ...training, ...probes.state(training.step), memories }),
    );
  }

  private write(state: Checkpoint): void {
    const { trainer, log, folder } = this.parts;
    const { step } = state;
    log.sync();
    const file = saveCheckpoint(join(folder, files.checkpoints), trainer.problem.model, state);
    log.add({ kind: "checkpoint", step, file: `${files.checkpoints}/${file}` });
    log.flush();
  }
}
