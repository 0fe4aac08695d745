// The standard error of a mean over readings that follow one another and are not independent. Pure.

/** Fewer blocks than this say nothing of their spread. */
const leastBlocks = 8;

/**
 * Standard error of the mean of a correlated series: that of means of ever longer blocks, the largest of them.
 *
 * @returns  Infinity for fewer than eight values.
 * @source Flyvbjerg & Petersen, J. Chem. Phys. 91 (1989).
 */
export function standardError(series: readonly number[]): number {
  let blocks = [...series];
  let largest = blocks.length < leastBlocks ? Infinity : 0;
  for (; blocks.length >= leastBlocks; blocks = pairs(blocks)) {
    const mean = blocks.reduce((sum, x) => sum + x, 0) / blocks.length;
    const spread = blocks.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (blocks.length - 1);
    largest = Math.max(largest, Math.sqrt(spread / blocks.length));
  }
  return largest;
}

const pairs = (values: readonly number[]): number[] =>
  Array.from({ length: values.length >> 1 }, (_, i) => (values[2 * i] + values[2 * i + 1]) / 2);
