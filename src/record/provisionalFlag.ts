// While a run trains: is its learning rate beyond its limit for good, or does the run only touch the edge? Said before the end, and withdrawn.
import { lowerBound } from "../util/lowerBound";
import type { RunSeries } from "./runSeries";

export interface ProvisionalFlag {
  /** Step since which every reading that was looked at has been beyond the limit: of thousands a second some are passed over. */
  readonly since: number;
  /** Of the latest reading. */
  readonly step: number;
  readonly learningRate: number;
  readonly limit: number;
  readonly readings: number;
}

/** Readings in a row beyond the limit before anything is said: at the edge of stability runs cross it again and again. */
const leastReadings = 5;
/** Beyond by more than this share; the edge itself is no fault. */
const margin = 0.05;
/** Losses that are averaged at either end of the stretch: a single one of a mini-batch run says little. */
const averaged = 5;

/**
 * The flag of a run that trains: its last five readings or more all say η > 1.05 · limit, and the training loss has not fallen since
 * the first of them. Null otherwise; a reading below the limit withdraws it.
 *
 * @param learningRate  The experiment's own; the series holds what a schedule made of it.
 * @source theory.md, section 7; a run at the edge of stability crosses its limit and its loss falls: Cohen et al., ICLR 2021.
 */
export function provisionalFlag(series: RunSeries, learningRate: number): ProvisionalFlag | null {
  const limits = series.column("stability.limit");
  const { steps, values } = limits;
  const rates = series.column("learningRate");
  const rateAt = (step: number): number => rates.at(step) ?? learningRate;
  let first = steps.length;
  // A limit that is no number says nothing, in either direction: it ends the stretch.
  while (first > 0 && rateAt(steps[first - 1]) > (1 + margin) * values[first - 1]) first--;
  const readings = steps.length - first;
  if (readings < leastReadings || isFalling(series, steps[first])) return null;
  const last = steps.length - 1;
  return {
    since: steps[first],
    step: steps[last],
    learningRate: rateAt(steps[last]),
    limit: values[last],
    readings,
  };
}

/** Whether the mean of the last losses lies below that of the first ones since `from`. Too few losses say that it may. */
function isFalling(series: RunSeries, from: number): boolean {
  const { steps, values } = series.column("loss.train");
  const since = values.subarray(lowerBound(steps, from));
  if (since.length < 2) return true;
  const count = Math.min(averaged, since.length >> 1);
  const mean = (part: Float64Array): number => part.reduce((sum, x) => sum + x, 0) / part.length;
  return mean(since.subarray(since.length - count)) < mean(since.subarray(0, count));
}
