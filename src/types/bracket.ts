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
  /** Set where only so many examples were held: then the limit is an estimate, `lower` and `upper` two standard errors away from it. */
  readonly sampled?: Sampled;
}

/** A number from a sample of the examples. */
interface Sampled {
  readonly held: number;
  readonly of: number;
  readonly value: number;
  /** Standard error, of sampling and of the directions left out together. */
  readonly error: number;
}
