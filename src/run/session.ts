// A run from its first step to its verdict: trainer × probes × log.
import { join } from "node:path";
import { BudgetSpent, ClosingBudget, closingSeconds, PausingMeter } from "../measure/budget";
import { closingMeasurement, type Closing } from "../measure/closing";
import { optimizerOf } from "../optimizers";
import type { RunEvent } from "../protocol/events";
import { memoryBytes } from "../protocol/memory";
import { stringify } from "../protocol/numbers";
import { files } from "../protocol/runFolder";
import type { EventLog } from "../record/disk/eventLog";
import { writeAtomic } from "../record/disk/files";
import { loadNewest, type Checkpoint } from "../trainers/basin/checkpoint";
import { kinksOf } from "../trainers/basin/kinks";
import type { Problem } from "../trainers/basin/problem";
import { Trainer } from "../trainers/basin/trainer";
import { riseOf } from "../stability/spike";
import type { Explanation } from "../types/explanation";
import type { Verdict } from "../types/verdict";
import { ActiveProbes } from "./activeProbes";
import { slotsOf } from "./branch";
import { startHeartbeat } from "./heartbeat";
import type { Interrupt } from "./interrupt";
import { assembleVerdict } from "./judge";
import { explainSpike, spikeIn } from "./explain";
import { Training, type Reached } from "./training";

/** What a closing measurement may take where the experiment does not say. The schema's text says the same. */
const defaultClosing = { seconds: 20 };
/** Spikes of the loss above this factor are explained with the verdict; runs at the edge of stability have smaller ones all the time. */
const toldRise = 10;

export interface SessionParts {
  readonly problem: Problem;
  readonly folder: string;
  readonly id: string;
  readonly log: EventLog;
  readonly interrupt: Interrupt;
  readonly saved: Checkpoint | null;
  /** The log holds a beginning of this very run that ended before its first checkpoint: it is taken back. */
  readonly again?: boolean;
  /** What was found wrong on the way here. */
  readonly notes?: readonly string[];
}

export class Session {
  private readonly training: Training;

  private constructor(
    private readonly parts: SessionParts,
    private readonly trainer: Trainer,
    private readonly probes: ActiveProbes,
    private readonly meter: PausingMeter,
  ) {
    const { log, folder, interrupt, saved } = parts;
    this.training = new Training({ trainer, probes, log, folder, interrupt, saved });
  }

  static async open(parts: SessionParts): Promise<Session> {
    const { problem, saved, interrupt, log } = parts;
    if (saved) problem.fillBuffers(saved.buffers);
    const meter = new PausingMeter(() => interrupt.check());
    const trainer = await Trainer.open(problem, saved, meter);
    return new Session(parts, trainer, new ActiveProbes(problem.experiment, log, saved), meter);
  }

  /** The step reached so far. */
  get step(): number {
    return this.trainer.step;
  }

  /** Seconds of training so far. */
  get time(): number {
    return this.training.time();
  }

  /** Trains, judges, and writes both down. */
  async run(): Promise<Reached> {
    const { log, problem, saved } = this.parts;
    log.add(this.header());
    const notes = [
      ...(this.parts.notes ?? []),
      ...(problem.engine.notes ?? []),
      ...(saved ? [] : problem.notes),
    ];
    for (const message of notes) log.add({ kind: "note", step: this.step, message });
    log.flush();
    const endHeartbeat = startHeartbeat(log, () => this.time);
    try {
      return await this.trainAndJudge();
    } finally {
      endHeartbeat();
    }
  }

  private async trainAndJudge(): Promise<Reached> {
    const { folder, log, interrupt } = this.parts;
    const { trainer, probes } = this;
    const reached = await this.training.run();
    const { time } = this;
    if (interrupt.leaving && reached.reason === "interrupted") {
      log.add({ kind: "end", step: trainer.step, time, reason: reached.reason });
      return reached;
    }
    interrupt.endTraining();
    const { closing, verdict } = await this.judge(reached);
    writeAtomic(join(folder, files.verdict), `${stringify(verdict, 2)}\n`);
    if (closing) {
      const about = { step: verdict.step, time, probe: "verdict", cost: closing.cost };
      log.add(probes.writer.closing(closing.readings, about));
      for (const message of closing.leftOut) log.add({ kind: "note", step: verdict.step, message });
    }
    log.add({ kind: "end", step: trainer.step, time, reason: reached.reason });
    return reached;
  }

  private header(): RunEvent {
    const { problem, id, saved, again } = this.parts;
    const { experiment, engine } = problem;
    const resumedAt = saved?.step ?? (again ? 0 : undefined);
    const { layers, network } = this.trainer.curvature;
    const { metrics } = this.probes;
    return {
      kind: "header",
      schema: 1,
      id,
      name: experiment.name,
      parameters: problem.d,
      examples: problem.n,
      ...(problem.isSampled && { held: problem.held.n }),
      outputs: problem.data.outputs,
      engine: `${engine.name} ${engine.version}`,
      probes: Object.keys(experiment.probes),
      layers: layers.map(({ name }) => name),
      kinks: kinksOf(network.loss),
      steps: experiment.stop.steps,
      ...(resumedAt !== undefined && { resumedAt }),
      ...(metrics.length > 0 && { metrics }),
      dynamics: {
        preconditioned: optimizerOf(experiment.optimizer).preconditioner !== undefined,
        ...optimizerOf(experiment.optimizer).dynamics(experiment.optimizer),
      },
    };
  }

  /** Judges the point reached; a diverged run is judged at its last finite checkpoint, so that a stable rate can be named. */
  private async judge(reached: Reached): Promise<{ closing: Closing | null; verdict: Verdict }> {
    const { problem, folder, log } = this.parts;
    const diverged = reached.reason === "diverged";
    const tell = (message: string) => log.add({ kind: "note", step: this.step, message });
    const last = diverged
      ? loadNewest(join(folder, files.checkpoints), problem, slotsOf(problem.experiment), tell)
      : null;
    const at = last ?? this.trainer.state();
    const finite = at.theta.every(Number.isFinite);
    const { experiment } = problem;
    const seconds = closingSeconds(experiment.closing ?? defaultClosing);
    const bytes = memoryBytes(experiment.memory);
    const budget = new ClosingBudget(seconds, bytes, () => this.parts.interrupt.closingAsked);
    const closing = finite ? await this.close(at, reached, budget) : null;
    const verdict = assembleVerdict({
      experiment: problem.experiment,
      n: problem.n,
      step: at.step,
      diverged,
      divergedAt: this.trainer.step,
      initialLoss: reached.initialLoss,
      loss: reached.loss,
      kinks: kinksOf(this.trainer.curvature.network.loss),
      closing,
      course: this.probes.course,
    });
    const explanation = await this.explain(budget);
    return { closing, verdict: { ...verdict, ...(explanation && { explanation }) } };
  }

  /** What happened at the largest spike, where it is one that a user would ask about and the time is not over. */
  private async explain(budget: ClosingBudget): Promise<Explanation | null> {
    const { problem, folder, log } = this.parts;
    log.flush();
    const spike = spikeIn(folder);
    if (!spike || riseOf(spike) < toldRise) return null;
    const leave = (why: string): null => {
      const message = `Left out: what happened at the spike of the loss between steps ${spike.from} and ${spike.peak}, ${why}.`;
      log.add({ kind: "note", step: this.step, message });
      return null;
    };
    try {
      if (budget.over()) return leave("for want of time; basin explain tells it");
      return (
        (await explainSpike({ problem, folder, spike, check: () => budget.check() })) ??
        leave("for want of a checkpoint before it or of finite numbers there")
      );
    } catch (error) {
      if (!(error instanceof BudgetSpent)) throw error;
      return leave("for want of time; basin explain tells it");
    }
  }

  private async close(
    at: ReturnType<Trainer["state"]>,
    reached: Reached,
    budget: ClosingBudget,
  ): Promise<Closing> {
    const { problem, log } = this.parts;
    const { experiment } = problem;
    this.meter.obey(() => budget.check());
    const point = await this.trainer.pointOf(at);
    return closingMeasurement(point, {
      probes: experiment.probes,
      budget,
      extent: "verdict",
      initialLoss: reached.initialLoss,
      ...(reached.reason !== "diverged" && { warm: this.probes.lastVectors }),
      progress: (what, done, of) => {
        log.add({ kind: "closing", step: at.step, what, done, of });
        log.flush();
      },
    });
  }
}
