// The search for the parameter at which a gain is 1, by secants of its inverse.

/**
 * 1/q(t) is an increasing, almost linear function of t above `from`, where it may be 0. Its slope is measured between two t for the same
 * blocks; until then it is that of the chord from `from`.
 */
export class Secant {
  /** Certainly not above the crossing. */
  low: number;
  private gain = NaN;
  private slope = NaN;
  private measured = false;
  /** Whether it was measured about t, and not over a distance on which it may change. */
  private local = false;
  /** The last t and gain, and the blocks they belong to, as coefficients in the basis. */
  private last: { readonly t: number; readonly gain: number; readonly mix: Float64Array } | null = null;

  constructor(
    readonly from: number,
    public t: number,
  ) {
    this.low = from;
  }

  /** Takes the gain found at t; `quotient` gives q(t) for other blocks. */
  arrive(gain: number, quotient: (mix: Float64Array) => number): void {
    this.gain = gain;
    if (gain >= 1) this.low = Math.max(this.low, this.t);
    const { last } = this;
    this.last = null;
    if (last) {
      this.measure((1 / quotient(last.mix) - 1 / last.gain) / (this.t - last.t));
      this.local = Math.abs(this.t - last.t) <= 0.02 * (this.t - this.from);
    } else if (!this.measured) this.slope = this.chord();
  }

  /** A t close by, whose quotient for the same blocks tells the slope; null where that is known. */
  get near(): number | null {
    return this.local ? null : this.t + 1e-3 * (this.t - this.from);
  }

  /** Takes q(near). */
  probe(quotient: number): void {
    this.measure((1 / quotient - 1 / this.gain) / (1e-3 * (this.t - this.from)));
    this.local = true;
  }

  /** The t at which q is 1, as far as is known. */
  get wanted(): number {
    return this.t + (1 - 1 / this.gain) / this.slope;
  }

  /** How far that is. */
  get step(): number {
    return Math.abs(this.wanted - this.t);
  }

  /** Error of t that an error of the gain amounts to. */
  errorOf(gainError: number): number {
    return gainError / (this.gain ** 2 * this.slope);
  }

  /**
   * Goes to the wanted t. Where that is too low it goes between t and the lowest, by the geometric mean of the distances from `from`, where
   * the gain may have a pole, and false says that nothing is known there.
   */
  advance(mix: Float64Array, tolerance: number): boolean {
    const { from, t, gain, low, wanted } = this;
    this.last = { t, gain, mix };
    const within = wanted > low;
    const least = Math.max(low - from, (tolerance * from) / 2);
    this.t = within ? wanted : from + Math.sqrt(least * (t - from));
    return within;
  }

  private measure(slope: number): void {
    this.measured = true;
    this.slope = slope > 0 ? slope : this.chord();
  }

  private chord(): number {
    return 1 / (this.gain * (this.t - this.from));
  }
}
