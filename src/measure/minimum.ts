// Whether the examples are fitted at a point: what "at a minimum" rests on (theory.md, section 7).

/** Training loss relative to its first value below which the examples count as interpolated. */
export const interpolatedBelow = 1e-2;

/** Whether every example is fitted, as far as loss and outputs tell. */
export const isInterpolated = (loss: number, initialLoss: number, interpolationResidual: number): boolean =>
  Number.isFinite(initialLoss) ? loss <= interpolatedBelow * initialLoss : interpolationResidual < 0.1;
