// Asking a run to stop: a signal or a stop file. While it trains that ends the training, while it measures its last point the measuring.
import { readPlainFile } from "../record/disk/files";

/** Thrown to abandon a reading when the run was asked to stop. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** Milliseconds that a run asked twice has to write what it knows. */
const patience = 3000;
const interruptedStatus = 130;
/** Exit status of a process that has left its place: it wrote a checkpoint, and its job goes on later. As EX_TEMPFAIL. */
export const leftStatus = 75;

export class Interrupt {
  private signals = 0;
  private fileSeen = false;
  /** Signals that came while it trained, once it does no more. */
  private trained: number | null = null;
  private timer: NodeJS.Timeout | null = null;
  private left = false;

  /** @param inJob  Whether a scheduler holds this process: what ends it there gives it seconds, and most often lets it go on later. */
  constructor(inJob = false) {
    const ask = (): void => {
      this.signals++;
      // A second signal means now: what is known is written, and nothing more is waited for. A third does not even wait for that.
      if (this.signals > 2) process.exit(interruptedStatus);
      if (this.signals === 2) setTimeout(() => process.exit(interruptedStatus), patience).unref();
    };
    process.on("SIGINT", ask);
    const leave = (): void => void (this.left = true);
    process.on("SIGTERM", inJob ? leave : ask);
    if (process.platform !== "win32") process.on("SIGUSR2", leave);
  }

  /** Whether the run is to write a checkpoint and leave its place, without a verdict; one that was asked to stop stops instead. */
  get leaving(): boolean {
    return this.left && this.signals === 0;
  }

  /** Where no signal reaches this process (Windows, another machine), a file in the run folder asks; one that says `now` ends it. */
  watch(file: string): void {
    this.timer = setInterval(() => {
      const word = wordIn(file);
      if (word === "now") process.exit(interruptedStatus);
      if (word === null || this.fileSeen) return;
      this.fileSeen = true;
      this.signals++;
    }, 300);
    this.timer.unref();
  }

  /** The file will be there by our own hand: it asks for nothing new. */
  ownFile(): void {
    this.fileSeen = true;
  }

  /** How often it was asked. */
  get count(): number {
    return this.signals;
  }

  /** Training is over: from here on only a new request counts. */
  endTraining(): void {
    this.trained = this.signals;
  }

  /** Whether the closing measurement was asked to end: by a request of its own, or by a second one. */
  get closingAsked(): boolean {
    return this.trained !== null && (this.left || this.signals > this.trained || this.signals > 1);
  }

  /** @throws Interrupted when training was asked to stop. */
  check(): void {
    if (this.trained === null && (this.left || this.signals > 0)) throw new Interrupted("interrupted");
  }
}

function wordIn(file: string): string | null {
  try {
    return readPlainFile(file, 64)?.toString("utf8").trim() ?? null;
  } catch {
    return null;
  }
}
