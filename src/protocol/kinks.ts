// Where a network has no derivative, and the one that is used there: said beside every number that rests on it.

/** Kinds of kinks, by the op that makes them. */
export const kinkWords = {
  relu: "ReLU: its derivative at 0 is 0, as in PyTorch, and its second derivative is 0 everywhere, so that kinks add no curvature.",
  oneHotMax: "Max-pool: of equal maxima the first takes the derivative, as in PyTorch.",
  step: "Branches: each has its own derivative and the switch between them none, so that kinks add no curvature.",
} as const satisfies Record<string, string>;

export type Kink = keyof typeof kinkWords;
