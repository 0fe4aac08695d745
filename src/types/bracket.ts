// A limit that is known from both sides.

export interface Bracket {
  /** Certainly stable below this learning rate; 0 when nothing certifies a value. */
  readonly lower: number;
  /** Certainly unstable above this learning rate (Rayleigh's principle). */
  readonly upper: number;
  readonly exact: boolean;
  readonly rank: number;
  readonly fullRank: number;
  /** Relative fall of `upper` when the rank last doubled; 0 when exact. */
  readonly lastChange: number;
}
