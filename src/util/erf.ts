// The error function, which JavaScript's Math does not have.

/**
 * The error function to float64 accuracy.
 *
 *   erf(x) = (2/√π) e^{−x²} Σ_{n≥0} 2ⁿ x^{2n+1} / (2n+1)!!
 *
 * All terms have one sign, so nothing cancels. 1 − erf(6) < 1e-16.
 *
 * @source Abramowitz & Stegun, 7.1.6.
 */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
