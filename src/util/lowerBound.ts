// Binary search.

/** First index whose value is ≥ x, in an ascending list or its first `length` entries. */
export function lowerBound(sorted: ArrayLike<number>, x: number, length = sorted.length): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}
