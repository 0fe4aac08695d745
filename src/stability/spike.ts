// Spikes of the loss: where it rises far out of its course, whatever its own noise is.
import type { Spike } from "../types/explanation";

/** Losses before a point that say what its course is: a twentieth of them, so many at least. */
const [windowShare, windowLeast] = [0.05, 12];
/** A rise counts above this factor, and above so many deviations of the logarithm in the window. */
const [leastFactor, deviations] = [2, 8];
/** Deviation of a normal distribution over the median of its absolute values. */
const normal = 1.4826;

/** What this share of the losses before a point reach is no news, however far from their median it lies: a run may swing all the time. */
const usual = 0.9;

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))];

const median = (values: readonly number[]): number => quantile(values, 0.5);

/**
 * Stretches in which ln L lies above the median of the losses before it by more than ln 2, by more than eight deviations of these (by the
 * median of absolute deviations, so that single outliers move neither), and by √2 above what a tenth of them reach. A stretch ends where half of its threshold is left; a loss
 * that is not finite is one.
 *
 * @param steps   Ascending, [m].
 * @param losses  Positive, [m].
 * @returns  in the order of the steps. Costs O(m · window).
 */
export function spikesOf(steps: ArrayLike<number>, losses: ArrayLike<number>): Spike[] {
  const m = steps.length;
  const window = Math.max(windowLeast, Math.ceil(windowShare * m));
  const y = Array.from(losses, (loss) => (Number.isFinite(loss) ? Math.log(loss) : Infinity));
  const spikes: Spike[] = [];
  for (let i = windowLeast; i < m; i++) {
    const before = y.slice(Math.max(0, i - window), i).filter(Number.isFinite);
    if (before.length < windowLeast) continue;
    const course = median(before);
    const spread = normal * median(before.map((value) => Math.abs(value - course)));
    const reached = quantile(before, usual) - course;
    const threshold = Math.max(
      Math.log(leastFactor),
      deviations * spread,
      reached + Math.log(leastFactor) / 2,
    );
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
