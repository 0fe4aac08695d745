// Spikes of the loss: where it rises far out of its course, whatever its own noise is.
import type { Spike } from "../types/explanation";
import { lowerBound } from "../util/lowerBound";

/** Losses before a point that say what its course is: a twentieth of them, so many at least. */
const [windowShare, windowLeast] = [0.05, 12];
/** A rise counts above this factor, and above so many deviations of the logarithm in the window. */
const [leastFactor, deviations] = [2, 8];
/** Deviation of a normal distribution over the median of its absolute values. */
const normal = 1.4826;

/** What this share of the losses before a point reach is no news, however far from their median it lies: a run may swing all the time. */
const usual = 0.9;

/** Of a longer window so many losses, evenly spread, stand for all. */
const windowMost = 1000;

/** Numbers in ascending order, which come and go one by one. */
class SortedWindow {
  private readonly values: Float64Array;
  private count = 0;

  constructor(most: number) {
    this.values = new Float64Array(most);
  }

  get size(): number {
    return this.count;
  }

  add(value: number): void {
    const at = lowerBound(this.values, value, this.count);
    this.values.copyWithin(at + 1, at, this.count++);
    this.values[at] = value;
  }

  remove(value: number): void {
    const at = lowerBound(this.values, value, this.count);
    this.values.copyWithin(at, at + 1, this.count--);
  }

  /** The value below which this share of them lies. */
  quantile(share: number): number {
    return this.values[this.rank(share)];
  }

  /** The median of |x − center|: of the farthest on both sides the farther one goes, until half of them are left. */
  medianDistance(center: number): number {
    const { values, count } = this;
    let [low, high] = [0, count - 1];
    while (high - low > this.rank(0.5))
      if (center - values[low] > values[high] - center) low++;
      else high--;
    return Math.max(center - values[low], values[high] - center);
  }

  private rank(share: number): number {
    return Math.min(this.count - 1, Math.floor(share * this.count));
  }
}

/**
 * Stretches in which ln L lies above the median of the losses before it by more than ln 2, by more than eight deviations of these (by the
 * median of absolute deviations, so that single outliers move neither), and by √2 above what a tenth of them reach. A stretch ends where half of its threshold is left; a loss
 * that is not finite is one.
 *
 * @param steps   Ascending, [m].
 * @param losses  Positive, [m].
 * @returns  in the order of the steps. Costs O(m), whatever the window.
 */
export function spikesOf(steps: ArrayLike<number>, losses: ArrayLike<number>): Spike[] {
  const m = steps.length;
  const window = Math.max(windowLeast, Math.ceil(windowShare * m));
  const y = Array.from(losses, (loss) => (Number.isFinite(loss) ? Math.log(loss) : Infinity));
  const stride = Math.ceil(window / windowMost);
  const before = new SortedWindow(windowMost + 1);
  const counts = (i: number): boolean => i % stride === 0 && Number.isFinite(y[i]);
  let [first, next] = [0, 0];
  const slideTo = (i: number): void => {
    const begin = i - window;
    for (; first < Math.min(next, begin); first++) if (counts(first)) before.remove(y[first]);
    first = Math.max(first, begin);
    for (next = Math.max(next, first); next < i; next++) if (counts(next)) before.add(y[next]);
  };
  const spikes: Spike[] = [];
  for (let i = windowLeast; i < m; i++) {
    slideTo(i);
    if (before.size < windowLeast) continue;
    const course = before.quantile(0.5);
    const reached = before.quantile(usual) - course;
    const least = Math.max(Math.log(leastFactor), reached + Math.log(leastFactor) / 2);
    if (!(y[i] - course > least)) continue;
    const spread = normal * before.medianDistance(course);
    const threshold = Math.max(least, deviations * spread);
    if (!(y[i] - course > threshold)) continue;
    let from = i - 1;
    while (from > 0 && y[from] > course + spread) from--;
    let peak = i;
    let end = i;
    for (; end < m && y[end] - course > threshold / 2; end++) if (y[end] > y[peak]) peak = end;
    spikes.push({
      from: steps[from],
      peak: steps[peak],
      loss: Math.exp(course),
      peakLoss: Math.exp(y[peak]),
    });
    i = end;
  }
  return spikes;
}

/** How many times over the loss rose. */
export const riseOf = ({ loss, peakLoss }: Spike): number => peakLoss / loss;

/** The spike with the largest rise; null where there is none. */
export const largestSpike = (spikes: readonly Spike[]): Spike | null =>
  spikes.reduce<Spike | null>((best, one) => (best && riseOf(best) > riseOf(one) ? best : one), null);
