// A reading: one metric measured once, with everything that explains it. Measured where it arises, read everywhere else.

/** Cost of one reading. A product is one Hessian- or Gauss–Newton-vector product over the whole training set. */
export interface Cost {
  readonly products: number;
  readonly seconds: number;
}

/** `exact` but for rounding, an `estimate` with an error bar, or a `bound` the truth cannot be beyond. */
export type How = "exact" | "estimate" | "bound";

export interface Reading {
  /** A name of protocol/metrics.ts, or one that the log's header explains. */
  readonly metric: string;
  /** NaN and infinities are values: divergence is a result. */
  readonly value: number | readonly number[];
  /** Absolute error bar, in the metric's unit, entry by entry where the value is a list. */
  readonly error?: number | readonly number[];
  readonly how: How;
  /** What produced it, in words: "Lanczos on the full Hessian, 12 products". */
  readonly method: string;
  readonly cost: Cost;
}
