// Readings on a thread of their own, as the thread that trains sees it: asked in the order of the steps, written in that order.
import { Worker } from "node:worker_threads";
import type { RunEvent } from "../../protocol/events";
import type { EventLog } from "../../record/disk/eventLog";
import type { Problem } from "../../trainers/basin/problem";
import type { Snapshot } from "../../trainers/basin/trainer";
import type { ActiveProbes, Moment } from "../activeProbes";
import type { Memories } from "../measuring";
import { Forms, inFull } from "./forms";
import { copied, type Answer, type Message, type ReadingsWork } from "./messages";
import { places, RequestRing, type Request } from "./ring";

/** A request that is not answered yet, and what training says after it, which waits for the answer. */
interface Pending {
  readonly then: (answer: Answer) => void;
  behind: RunEvent[] | null;
}

/** A thread that does not start is done without: training takes its readings itself. */
type State = "starting" | "ready" | "inUse" | "ended";

export class ReadingsThread {
  private readonly worker: Worker;
  private readonly ring: RequestRing;
  private readonly pending: Pending[] = [];
  /** Answers so far that were written, and those that came as messages and were not yet. */
  private written = 0;
  private readonly messages: Answer[] = [];
  private readonly forms = new Forms();
  private state: State = "starting";
  private failure: Error | null = null;
  private wake = (): void => undefined;

  /**
   * Starts the thread; until it is ready readings are taken without it.
   *
   * @param like    A state as those to come.
   * @param script  What the thread runs: the file of this process.
   */
  constructor(
    { experiment, file, engine, data }: Problem,
    like: Snapshot,
    private readonly parts: { readonly probes: ActiveProbes; readonly log: Pick<EventLog, "add"> },
    script = process.argv[1],
  ) {
    this.ring = new RequestRing(like);
    const work: ReadingsWork = {
      experiment,
      file,
      engine: engine.name,
      // A function is no message: data made from one are made again, which no file can change.
      data: data.target ? null : data,
      memory: this.ring.memory,
      state: like,
    };
    this.worker = new Worker(script, { workerData: work });
    this.worker.unref();
    this.worker.on("message", (message: Message) => this.hear(message));
    this.worker.on("error", (error: Error) => this.fail(error));
    this.worker.on("exit", () => this.fail(new Error("internal: the thread of readings has ended")));
  }

  /** Whether it can be asked. */
  get isReady(): boolean {
    return this.state === "ready" || this.state === "inUse";
  }

  /** Adds an event to the log, behind the readings that were asked for before it. */
  add(event: RunEvent): void {
    const last = this.pending.at(-1);
    if (last) (last.behind ??= []).push(event);
    else this.parts.log.add(event);
  }

  /** Has the probes there go on from what they remember here. */
  async remember(memories: Memories): Promise<void> {
    this.state = "inUse";
    this.worker.postMessage(copied(memories));
    await this.ask({ kind: "remember" }, () => undefined);
  }

  /**
   * Asks for the readings of a step, whose state is copied, and writes those that are there by now. To be waited for where too many are
   * asked for already. @throws what failed there.
   */
  read(state: Snapshot, moment: Moment): Promise<void> | undefined {
    return this.ask({ kind: "read", state }, (answer) => {
      if (answer.kind === "read") this.parts.probes.writeAll(answer.taken, moment);
    });
  }

  /** Tells what the probes there remember once everything asked for before is in the log, and ahead of what comes after. */
  async tell(then: (memories: Memories) => void): Promise<void> {
    await this.ask({ kind: "tell" }, (answer) => {
      if (answer.kind === "tell") then(answer.memories);
    });
  }

  /** Waits until everything is answered. @throws what failed there, or in what was to be done with an answer. */
  settle(): Promise<void> {
    return this.until(0);
  }

  end(): void {
    this.state = "ended";
    void this.worker.terminate();
  }

  private ask(request: Request, then: Pending["then"]): Promise<void> | undefined {
    this.catchUp();
    if (this.failure || this.pending.length === places) return this.askLater(request, then);
    this.put(request, then);
    return undefined;
  }

  private async askLater(request: Request, then: Pending["then"]): Promise<void> {
    // Half of them: to be woken for each would cost both threads more than a reading does.
    await this.until(places / 2);
    this.put(request, then);
  }

  private put(request: Request, then: Pending["then"]): void {
    this.ring.put(request);
    this.pending.push({ then, behind: null });
  }

  /** Waits until no more than `most` are not answered. */
  private async until(most: number): Promise<void> {
    for (;;) {
      // First: an answer that comes after the look says so, one that came before is seen.
      this.ring.await(this.written + this.pending.length - most);
      this.catchUp();
      if (this.failure) throw this.failure;
      if (this.pending.length <= most) return;
      await new Promise<void>((wake) => (this.wake = wake));
    }
  }

  private hear(message: Message): void {
    if (message === "ready") this.state = "ready";
    else if (message !== "answered") this.messages.push(message);
    this.catchUp();
    this.wake();
  }

  /** Writes the answers that are there, in order. */
  private catchUp(): void {
    try {
      for (const { answered } = this.ring; this.written < answered && !this.failure; this.written++) {
        const answer = this.next();
        // It comes as a message, which is on its way.
        if (!answer) return;
        const { then, behind } = this.pending.shift()!;
        then(answer);
        for (const event of behind ?? []) this.parts.log.add(event);
      }
    } catch (error) {
      // Nobody waits for an answer: whoever asks next is told.
      this.failure = error as Error;
    }
  }

  private next(): Answer | undefined {
    const form = this.ring.formOf(this.written);
    if (form !== inFull)
      return { kind: "read", taken: this.forms.read(form, this.ring.numbersOf(this.written)) };
    const answer = this.messages.shift();
    if (answer?.kind === "read") this.forms.learn(answer.taken);
    return answer;
  }

  private fail(error: Error): void {
    if (this.state === "inUse") this.failure ??= error;
    this.state = "ended";
    this.wake();
  }
}
