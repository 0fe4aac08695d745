// Asking a run to stop: a signal or a stop file sets a flag, the loop and every product check it.
import { existsSync } from "node:fs";

/** Thrown to abandon a reading when the run was asked to stop. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

export class Interrupt {
  private asked = false;
  private timer: NodeJS.Timeout | null = null;
  private muted = false;

  constructor() {
    const ask = (): void => {
      // A second signal means now: the log is flushed by every event batch, nothing is lost but the verdict.
      if (this.asked) process.exit(130);
      this.asked = true;
    };
    process.on("SIGINT", ask);
    process.on("SIGTERM", ask);
  }

  /** Windows has no signals to send to a detached process: a file named `stop` in the run folder asks instead. */
  watch(file: string): void {
    this.timer = setInterval(() => (this.asked ||= existsSync(file)), 300);
    this.timer.unref();
  }

  get requested(): boolean {
    return this.asked;
  }

  /** From here on `check` is silent: the verdict of an interrupted run is still measured. */
  mute(): void {
    this.muted = true;
  }

  /** @throws Interrupted when the run was asked to stop. */
  check(): void {
    if (this.asked && !this.muted) throw new Interrupted("interrupted");
  }
}
