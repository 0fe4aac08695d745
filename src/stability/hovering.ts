// A run that hovers at its limit: what its readings say together that the last one alone does not (theory.md, section 7).

/** One reading while training: the learning rate over the limit in force, and the training loss known then. */
export interface CoursePoint {
  readonly step: number;
  readonly share: number;
  readonly loss: number;
}

/** What the end of a course says. */
export interface Hovering {
  /** First and last step, and number, of the readings looked at. */
  readonly from: number;
  readonly to: number;
  readonly readings: number;
  /** Mean of η/limit over them. */
  readonly meanShare: number;
  /** How often η/limit crossed 1. */
  readonly crossings: number;
}

/** Share of the readings that are looked at, and how many at least. */
const [lastShare, leastReadings] = [0.2, 10];

/**
 * The last 20 % of the readings, where η/limit crosses 1 in both directions over them and the loss at their end is not above that at
 * their start; null where it does not hover, or too little was read.
 * @source theory.md, section 7.
 */
export function hoveringOf(course: readonly CoursePoint[]): Hovering | null {
  const count = Math.max(leastReadings, Math.ceil(lastShare * course.length));
  if (course.length < leastReadings) return null;
  const last = course.slice(-count);
  if (!last.every(({ share, loss }) => Number.isFinite(share) && Number.isFinite(loss))) return null;
  const [up, down] = crossingsOf(last);
  const [first, end] = [last[0], last[last.length - 1]];
  if (up.length === 0 || down.length === 0 || end.loss > first.loss) return null;
  return {
    from: first.step,
    to: end.step,
    readings: last.length,
    meanShare: last.reduce((sum, { share }) => sum + share, 0) / last.length,
    crossings: up.length + down.length,
  };
}

/**
 * How often the run came back from beyond its limit, where the last time is not longer ago than the longest pause between two: below
 * the limit now, it is about to be beyond it again. 0 otherwise.
 */
export function recentReturns(course: readonly CoursePoint[]): number {
  const [, down] = crossingsOf(course);
  if (down.length < 2) return 0;
  const pauses = down.slice(1).map((at, i) => at - down[i]);
  const since = course.length - 1 - down[down.length - 1];
  return since <= Math.max(...pauses) ? down.length : 0;
}

/** Indices at which η/limit has just passed 1, upwards and downwards. */
function crossingsOf(course: readonly CoursePoint[]): readonly [up: number[], down: number[]] {
  const [up, down]: [number[], number[]] = [[], []];
  for (let i = 1; i < course.length; i++) {
    const [before, now] = [course[i - 1].share > 1, course[i].share > 1];
    if (now !== before) (now ? up : down).push(i);
  }
  return [up, down];
}
