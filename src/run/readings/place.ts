// Where the readings of a run are taken: beside training on a thread of their own where that saves time, else in training's own.
import { availableParallelism, cpus } from "node:os";
import { defaultThreads } from "../../engines/threads";
import type { RunEvent } from "../../protocol/events";
import type { EventLog } from "../../record/disk/eventLog";
import type { Trainer } from "../../trainers/basin/trainer";
import type { ActiveProbes, Moment } from "../activeProbes";
import type { Memories } from "../measuring";
import { ringBytes } from "./ring";
import { ReadingsThread } from "./thread";

/** Seconds of training before a thread is started: a shorter run is over before one would be of use. */
const leastSeconds = 0.1;
/** The same of the training that is left, as far as its steps tell. */
const leastLeft = 0.3;
/** Share of the time that quick readings take before it is worth a thread. */
const leastShare = 0.1;
/** Share of a core that has to have been free in the first tenth of a second, beside all that a start sets to work: on a busy machine two threads wait for one another. */
const leastFree = 0.25;

/** What states in waiting may fill. */
const mostBytes = 16 * 2 ** 20;

interface Parts {
  readonly trainer: Trainer;
  readonly probes: ActiveProbes;
  readonly log: EventLog;
}

/** Seconds that this machine's cores have been idle, all together. */
const idleSeconds = (): number => cpus().reduce((sum, { times }) => sum + times.idle, 0) / 1000;

/**
 * Readings that take no time to speak of go to the thread, those that may take long are taken here, where a stop ends them. Either way
 * they are the same, bit for bit, and the log has them in the same order.
 */
export class ReadingPlace {
  private thread: ReadingsThread | null = null;
  /** Whether the thread's probes know more than those here. */
  private isThere = false;
  private started = performance.now();
  /** Seconds that quick readings took here. */
  private spent = 0;
  private firstStep = NaN;
  private idle = NaN;
  /** Whether a thread was started, or found not to be of use. */
  private decided = false;

  constructor(private readonly parts: Parts) {}

  /** Adds an event to the log, behind the readings that were asked for before it. */
  add(event: RunEvent): void {
    if (this.thread) this.thread.add(event);
    else this.parts.log.add(event);
  }

  /** Takes the readings that are due, or has them taken: to be waited for. @throws what abandons a reading, and what failed in an earlier one. */
  take(moment: Moment): Promise<void> | undefined {
    const { trainer, probes } = this.parts;
    const isQuick = probes.areQuick(moment.step);
    // No promise where nothing is waited for: a small net's step costs as little as a few.
    if (isQuick && this.isThere && this.thread!.isReady)
      return this.thread!.read(trainer.snapshot(), asNow(moment));
    return this.takeOrMove(moment, isQuick);
  }

  /** Takes them here, or by the thread from here on. */
  private async takeOrMove(moment: Moment, isQuick: boolean): Promise<void> {
    const { trainer, probes } = this.parts;
    if (isQuick && this.isWorthwhile(moment.step)) this.decide();
    if (isQuick && this.thread?.isReady) {
      await this.thread.remember(probes.memories);
      this.isThere = true;
      return this.thread.read(trainer.snapshot(), asNow(moment));
    }
    await this.settle();
    const t0 = performance.now();
    await probes.read(() => trainer.point(), moment);
    if (isQuick) this.spent += (performance.now() - t0) / 1000;
  }

  /** Whether training runs ahead of its readings, so that `keep` keeps what is past by then. */
  get isAhead(): boolean {
    return this.isThere;
  }

  /** Has `write` called with what the probes remember after all readings asked for; the log then ends with them. */
  async keep(write: (memories: Memories) => void): Promise<void> {
    if (this.isThere) await this.thread!.tell(write);
    else write(this.parts.probes.memories);
  }

  /** Waits until all readings asked for are in the log; the probes here then remember what those of the thread do. */
  async settle(): Promise<void> {
    if (!this.isThere) return;
    await this.keep((memories) => this.parts.probes.remember(memories));
    await this.thread!.settle();
    this.isThere = false;
  }

  /** Ends the thread. */
  end(): void {
    this.thread?.end();
    this.thread = null;
    this.isThere = false;
  }

  /** Starts the thread, where it can help and a core is free. */
  private decide(): void {
    const { trainer } = this.parts;
    this.decided = true;
    const { engine, experiment, buffers } = trainer.problem;
    const isPossible =
      // A runtime has threads of its own.
      engine.isSmall === true &&
      ringBytes(trainer.snapshot()) <= mostBytes &&
      // Running statistics move while they are read.
      buffers.length === 0 &&
      Math.min(experiment.threads ?? defaultThreads(), availableParallelism()) > 1;
    const seconds = (performance.now() - this.started) / 1000;
    if (!isPossible || idleSeconds() - this.idle < leastFree * seconds) return;
    try {
      this.thread = new ReadingsThread(trainer.problem, trainer.snapshot(), this.parts);
    } catch {
      // The system has no thread for us: readings stay here.
    }
  }

  /** Whether readings take a share of the time, of which there is enough left. */
  private isWorthwhile(step: number): boolean {
    if (this.decided) return false;
    if (Number.isNaN(this.firstStep)) {
      this.firstStep = step;
      this.started = performance.now();
      this.idle = idleSeconds();
    }
    const seconds = (performance.now() - this.started) / 1000;
    const { stop } = this.parts.trainer.problem.experiment;
    const left = (seconds * (stop.steps - step)) / (step - this.firstStep);
    return seconds > leastSeconds && left > leastLeft && this.spent > leastShare * seconds;
  }
}

/** A moment that is past when its readings are written: what it tells by functions is asked now. */
function asNow(moment: Moment): Moment {
  const time = moment.time();
  // One probe's readings after another's ask; what has changed is told with the first.
  const [first, others] = [moment.more(), moment.more()];
  let asked = false;
  const more = (): typeof first => {
    const values = asked ? others : first;
    asked = true;
    return values;
  };
  return { ...moment, time: () => time, more };
}
