// What a measurement may cost: seconds, and bytes. Everything that takes long asks whether it is over.
import type { Meter } from "../curvature/meter";
import type { ClosingSpec } from "../protocol/experiment";
import { Breather } from "../util/breather";

export interface Budget {
  /** Bytes that vectors and matrices may fill. */
  readonly bytes: number;
  /** Seconds left, Infinity where nothing limits them. */
  readonly secondsLeft: () => number;
  /** Whether to end with what there is. */
  readonly over: () => boolean;
}

export const unlimited = (bytes: number): Budget => ({
  bytes,
  secondsLeft: () => Infinity,
  over: () => false,
});

/** A part of what is left, for one reading among others. */
export function shareOf({ bytes, secondsLeft, over }: Budget, share: number): Budget {
  const all = secondsLeft();
  if (all === Infinity) return { bytes, secondsLeft, over };
  const own = (): number => secondsLeft() - (1 - share) * all;
  return { bytes, secondsLeft: own, over: () => over() || own() <= 0 };
}

/** Seconds of an experiment's `closing`. */
export const closingSeconds = (closing: ClosingSpec): number =>
  closing === "full" ? Infinity : closing.seconds;

/** Thrown where a computation that cannot end half done goes on for too long. */
export class BudgetSpent extends Error {
  override readonly name = "BudgetSpent";
}

/** Seconds after a stop, and share of the time beyond the budget, after which what does not end by itself is abandoned. */
const [graceSeconds, graceShare] = [1, 0.1];

/** The budget of a closing measurement from now on. */
export class ClosingBudget implements Budget {
  private readonly started = performance.now();
  private stoppedAt: number | null = null;

  /**
   * @param seconds  Infinity for none.
   * @param asked    Whether someone asks for the end.
   */
  constructor(
    private readonly seconds: number,
    readonly bytes: number,
    private readonly asked: () => boolean = () => false,
  ) {}

  readonly secondsLeft = (): number =>
    this.stopped ? 0 : this.seconds - (performance.now() - this.started) / 1000;

  readonly over = (): boolean => this.secondsLeft() <= 0;

  /** Whether it ended because someone asked. */
  get stopped(): boolean {
    if (this.stoppedAt === null && this.asked()) this.stoppedAt = performance.now();
    return this.stoppedAt !== null;
  }

  /** @throws BudgetSpent some time after it was over. */
  check(): void {
    if (!this.over()) return;
    const now = performance.now();
    const late =
      this.stoppedAt === null
        ? (now - this.started) / 1000 - this.seconds - graceShare * this.seconds
        : (now - this.stoppedAt) / 1000;
    if (late > graceSeconds) throw new BudgetSpent("The time for the closing measurement is spent.");
  }
}

/** A meter for work that others wait beside: it pauses now and then, and asks `check` before every product. */
export class PausingMeter implements Meter {
  products = 0;
  private readonly breather = new Breather();

  /** @param asking  Throws to abandon the reading. */
  constructor(private asking: () => void) {}

  /** From here on another authority decides whether a reading goes on. */
  obey(asking: () => void): void {
    this.asking = asking;
  }

  check(): void | Promise<void> {
    this.asking();
    return this.breather.breathe();
  }
}
