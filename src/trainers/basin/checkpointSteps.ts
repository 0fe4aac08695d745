// At which steps a run leaves a checkpoint.

/** Steps between the first checkpoints. */
const first = 500;
/** A resume repeats at most one part in so many of what a long run did. */
const parts = 64;

/**
 * Whether a run leaves a checkpoint at a step. Without `every`, which holds where it is given, their distance is `first` until there are
 * `parts` of them, and from then on doubles as often as the steps do: a million steps leave some 380, and not 2000. A function of the step
 * alone: a resumed run leaves the same.
 */
export function isCheckpointStep(step: number, every: number | undefined): boolean {
  if (every !== undefined) return step % every === 0;
  if (step % first !== 0) return false;
  const distance = first * 2 ** Math.max(0, Math.floor(Math.log2(step / (first * parts))));
  return step % distance === 0;
}
