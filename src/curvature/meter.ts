// What a reading costs, and whether it may go on: every product passes here.

export interface Meter {
  /** Products so far; a share of one for a product over some of the examples. */
  products: number;
  /** Called before every product. Throws to abandon the reading; a promise lets timers and signals have their turn. */
  check(): void | Promise<void>;
}

/** Counts, and lets everything go on. */
export const plainMeter = (): Meter => ({ products: 0, check: () => undefined });
