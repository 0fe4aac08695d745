// Smallest and largest value of any stretch of a long column in a few hundred steps: what zooming over a million points needs.
import type { Column, ColumnView } from "./column";
import { lowerBound } from "../util/lowerBound";

/** Points of a block, and blocks of the block above it. */
const fan = 16;

/** Places of the extremes of a stretch and of its first value that is not finite; −1 where there is none. */
interface Extremes {
  low: number;
  high: number;
  bad: number;
}

/** Three numbers a block: places of its lowest, its highest and its first value that is not finite. */
class Level {
  places = new Int32Array(3 * 64);
  size = 0;

  add({ low, high, bad }: Extremes): void {
    if (3 * this.size + 3 > this.places.length) {
      const grown = new Int32Array(2 * this.places.length);
      grown.set(this.places);
      this.places = grown;
    }
    this.places.set([low, high, bad], 3 * this.size++);
  }

  at(i: number): Extremes {
    return { low: this.places[3 * i], high: this.places[3 * i + 1], bad: this.places[3 * i + 2] };
  }
}

/** Grows with its column; a column whose earlier points changed gets a new one. */
class Pyramid {
  private readonly levels: Level[] = [];
  readonly version: number;

  constructor(private readonly column: Column) {
    this.version = column.version;
  }

  /** Adds the whole blocks of what came since. */
  grow(): void {
    const { values } = this.column;
    for (let k = 0, below = values.length; below >= fan; below = this.levels[k++].size) {
      const level = (this.levels[k] ??= new Level());
      while ((level.size + 1) * fan <= below) {
        const found: Extremes = { low: -1, high: -1, bad: -1 };
        for (let i = level.size * fan; i < (level.size + 1) * fan; i++)
          if (k === 0) takePoint(found, values, i);
          else takeBlock(found, values, this.levels[k - 1].at(i));
        level.add(found);
      }
    }
  }

  /** Of the points start … stop − 1: the largest blocks inside, single points at the rims. Spelled out: it runs for every pixel of every line at every frame of a zoom. */
  extremes(values: Float64Array, start: number, stop: number): Extremes {
    const { levels } = this;
    let low = -1;
    let high = -1;
    let bad = -1;
    let least = Infinity;
    let most = -Infinity;
    for (let at = start; at < stop;) {
      let k = -1;
      let size = 1;
      for (let next = fan; k + 1 < levels.length; next *= fan) {
        if (at % next !== 0 || at + next > stop || at / next >= levels[k + 1].size) break;
        size = next;
        k++;
      }
      let lowest = at;
      let highest = at;
      if (k >= 0) {
        const { places } = levels[k];
        const block = (3 * at) / size;
        lowest = places[block];
        highest = places[block + 1];
        if (bad < 0) bad = places[block + 2];
      } else if (!Number.isFinite(values[at])) {
        lowest = highest = -1;
        if (bad < 0) bad = at;
      }
      if (lowest >= 0 && values[lowest] < least) least = values[(low = lowest)];
      if (highest >= 0 && values[highest] > most) most = values[(high = highest)];
      at += size;
    }
    return { low, high, bad };
  }
}

function takePoint(found: Extremes, values: Float64Array, i: number): void {
  const value = values[i];
  if (!Number.isFinite(value)) {
    if (found.bad < 0) found.bad = i;
    return;
  }
  if (found.low < 0 || value < values[found.low]) found.low = i;
  if (found.high < 0 || value > values[found.high]) found.high = i;
}

function takeBlock(found: Extremes, values: Float64Array, { low, high, bad }: Extremes): void {
  if (low >= 0) takePoint(found, values, low);
  if (high >= 0) takePoint(found, values, high);
  if (bad >= 0 && found.bad < 0) found.bad = bad;
}

const pyramids = new WeakMap<Column, Pyramid>();

function pyramidOf(column: Column): Pyramid {
  let pyramid = pyramids.get(column);
  if (!pyramid || pyramid.version !== column.version) pyramids.set(column, (pyramid = new Pyramid(column)));
  pyramid.grow();
  return pyramid;
}

/**
 * Fewer points for the same picture: each of `buckets` equal stretches keeps its smallest and largest value, so no spike is lost, and its
 * first that is not finite, so that a divergence shows as an end.
 *
 * @returns  At most about 2·buckets points within [from, to], and one more on either side, so that lines leave the frame. Costs about
 *   a hundred comparisons a bucket however long the column is.
 */
export function decimate(column: Column, buckets: number, from = -Infinity, to = Infinity): ColumnView {
  const { steps, values } = column;
  const first = Math.max(0, lowerBound(steps, from) - 1);
  const end = Math.min(steps.length, lowerBound(steps, to) + 1);
  const n = end - first;
  if (n <= 2 * buckets) return { steps: steps.subarray(first, end), values: values.subarray(first, end) };
  const pyramid = pyramidOf(column);
  const kept: number[] = [];
  const keep = (i: number): void => {
    if (i >= 0 && kept[kept.length - 1] !== i) kept.push(i);
  };
  keep(first);
  for (let b = 0; b < buckets; b++) {
    const [start, stop] = [
      first + Math.floor((b * n) / buckets),
      first + Math.floor(((b + 1) * n) / buckets),
    ];
    const { low, high, bad } = pyramid.extremes(values, start, stop);
    [low, high, bad].sort((a, b) => a - b).forEach(keep);
  }
  keep(end - 1);
  return {
    steps: Float64Array.from(kept, (i) => steps[i]),
    values: Float64Array.from(kept, (i) => values[i]),
  };
}

/** Equal stretches that several columns share. */
export interface Grid {
  readonly from: number;
  readonly to: number;
  readonly stretches: number;
}

/** Where the values of `decimateOnto` lie: the grid's ends, and two places in each stretch. */
export function placesOf({ from, to, stretches }: Grid): Float64Array {
  const size = (to - from) / stretches;
  const places = new Float64Array(2 * stretches + 2);
  places[0] = from;
  for (let i = 0; i < 2 * stretches; i++) places[i + 1] = from + (i / 2 + 0.25) * size;
  places[2 * stretches + 1] = to;
  return places;
}

/**
 * A column on a grid, so that many columns with steps of their own are drawn on one axis: of each stretch its smallest and largest
 * value in their order, so that no spike is lost, and what is not finite as NaN. No value moves by more than a stretch.
 *
 * @returns  A value for each of the grid's places, undefined where there is none; at its ends what lies on the line between the points
 *   on either side. Costs about a hundred comparisons a stretch however long the column is.
 */
export function decimateOnto(column: Column, grid: Grid): (number | undefined)[] {
  const { from, to, stretches } = grid;
  const { steps, values } = column;
  const row = new Array<number | undefined>(2 * stretches + 2).fill(undefined);
  const first = lowerBound(steps, from);
  const end = lowerBound(steps, to);
  row[0] = between(column, first, from);
  row[2 * stretches + 1] = between(column, end, to);
  const size = (to - from) / stretches;
  const pyramid = pyramidOf(column);
  for (let at = first; at < end;) {
    // Stretches without a point are passed over.
    const b = Math.min(stretches - 1, Math.floor((steps[at] - from) / size));
    const stop = b === stretches - 1 ? end : beyond(steps, at, end, from + (b + 1) * size);
    const next = Math.max(stop, at + 1);
    const { low, high, bad } = pyramid.extremes(values, at, next);
    const place = 2 * b + 1;
    if (bad >= 0) {
      if (high >= 0 && high < bad) row[place] = values[high];
      row[place + 1] = NaN;
    } else if (low === high) row[steps[low] - from < (b + 0.5) * size ? place : place + 1] = values[low];
    else
      [row[place], row[place + 1]] = low < high ? [values[low], values[high]] : [values[high], values[low]];
    at = next;
  }
  return row;
}

/** First index from `start` on whose step is ≥ x, at most `end`: near by, as a rule. */
function beyond(steps: Float64Array, start: number, end: number, x: number): number {
  let [low, by] = [start, 1];
  while (low + by < end && steps[low + by] < x) [low, by] = [low + by, 2 * by];
  let high = Math.min(end, low + by);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The line's value at x, between point i − 1 and point i. */
function between({ steps, values }: Column, i: number, x: number): number | undefined {
  if (i < steps.length && steps[i] === x) return values[i];
  if (i === 0 || i >= steps.length) return undefined;
  const share = (x - steps[i - 1]) / (steps[i] - steps[i - 1]);
  const value = values[i - 1] + share * (values[i] - values[i - 1]);
  return Number.isFinite(value) ? value : undefined;
}
