// Asking a run to stop: a signal or a stop file sets a flag, the loop and every product check it.
import { readPlainFile } from "../record/disk/files";

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

  /** Where no signal reaches this process (Windows, another machine), a file in the run folder asks; one that says `now` ends it. */
  watch(file: string): void {
    this.timer = setInterval(() => {
      const word = wordIn(file);
      if (word === "now") process.exit(130);
      this.asked ||= word !== null;
    }, 300);
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

function wordIn(file: string): string | null {
  try {
    return readPlainFile(file, 64)?.toString("utf8").trim() ?? null;
  } catch {
    return null;
  }
}
