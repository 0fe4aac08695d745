// One metric over steps, in growing typed arrays: steps ascend, a later value for the same step replaces the earlier one.
import { lowerBound } from "../util/lowerBound";

const firstRoom = 64;
/** Changes of a column that are told apart. */
const mostChanges = 32;

/** What draws and decimates a column sees of it. */
export interface ColumnView {
  /** Ascending. */
  readonly steps: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

export class Column {
  private allSteps = new Float64Array(firstRoom);
  private allValues = new Float64Array(firstRoom);
  private size = 0;
  /** Counts the times points already handed out changed. */
  private changes = 0;
  /** Such changes and the points before them, which stayed; both ascend, for a later change of an earlier point hides those before it. */
  private readonly recent: { readonly change: number; readonly from: number }[] = [];

  /**
   * @param most   Points kept, up to twice as many: a summary of a long run stays small.
   * @param whole  Whether they stand for all of it, thinned out with every stretch's extremes kept; else they are the latest.
   */
  constructor(
    private readonly most = Infinity,
    private readonly whole = false,
  ) {}

  /** A column of points that are known to ascend. */
  static of(steps: ArrayLike<number>, values: ArrayLike<number>): Column {
    const column = new Column();
    column.append(steps, values);
    return column;
  }

  get length(): number {
    return this.size;
  }

  /** Views on the points so far, [length]; they do not grow with the column. */
  get steps(): Float64Array {
    return this.allSteps.subarray(0, this.size);
  }
  get values(): Float64Array {
    return this.allValues.subarray(0, this.size);
  }

  get version(): number {
    return this.changes;
  }

  /** How many points are still what they were at a version: whoever copies a column copies it anew from there on. */
  unchangedSince(version: number): number {
    return this.recent.find(({ change }) => change > version)?.from ?? this.size;
  }

  /** Points from this index on are others than they were. */
  private changed(from: number): void {
    while (this.recent.length > 0 && this.recent[this.recent.length - 1].from >= from) this.recent.pop();
    this.recent.push({ change: ++this.changes, from });
    if (this.recent.length <= mostChanges) return;
    // Whoever has not looked for so long is told more than it need know.
    const [oldest, next] = this.recent.splice(0, 2);
    this.recent.unshift({ change: next.change, from: oldest.from });
  }

  get lastStep(): number | undefined {
    return this.size > 0 ? this.allSteps[this.size - 1] : undefined;
  }

  add(step: number, value: number): void {
    const last = this.size - 1;
    if (last >= 0 && step <= this.allSteps[last]) {
      this.insert(step, value);
      return;
    }
    this.reserve(this.size + 1);
    this.allSteps[this.size] = step;
    this.allValues[this.size++] = value;
    while (this.size >= 2 * this.most) this.shorten();
  }

  /** Many points at once, ascending among themselves; those that follow the last one are copied in one go. */
  append(steps: ArrayLike<number>, values: ArrayLike<number>): void {
    if (steps.length === 0) return;
    if (this.size > 0 && steps[0] <= this.allSteps[this.size - 1]) {
      this.merge(steps, values);
      return;
    }
    this.reserve(this.size + steps.length);
    this.allSteps.set(steps, this.size);
    this.allValues.set(values, this.size);
    this.size += steps.length;
    while (this.size >= 2 * this.most) this.shorten();
  }

  /** Keeps the first `from` points and puts these, which ascend beyond them, in the place of the rest. */
  replace(from: number, steps: Float64Array, values: Float64Array): void {
    if (from < this.size) this.changed(from);
    this.size = Math.min(from, this.size);
    this.append(steps, values);
  }

  /** Drops every point from `step` on: a resumed run writes them again. */
  rewind(step: number): void {
    let n = this.size;
    while (n > 0 && this.allSteps[n - 1] >= step) n--;
    if (n === this.size) return;
    this.size = n;
    this.changed(n);
  }

  /** The value at the latest step ≤ `step`, or undefined. */
  at(step: number): number | undefined {
    const i = lowerBound(this.allSteps, step, this.size);
    if (i < this.size && this.allSteps[i] === step) return this.allValues[i];
    return i > 0 ? this.allValues[i - 1] : undefined;
  }

  private insert(step: number, value: number): void {
    const i = lowerBound(this.allSteps, step, this.size);
    if (this.allSteps[i] !== step) {
      this.reserve(this.size + 1);
      this.allSteps.copyWithin(i + 1, i, this.size);
      this.allValues.copyWithin(i + 1, i, this.size);
      this.size++;
      this.allSteps[i] = step;
    } else if (Object.is(this.allValues[i], value)) return;
    this.allValues[i] = value;
    this.changed(i);
  }

  /** Both lists in one pass, from the first of the new steps on; where a step stands in both, the newer value counts. */
  private merge(steps: ArrayLike<number>, values: ArrayLike<number>): void {
    const from = lowerBound(this.allSteps, steps[0], this.size);
    const [ownSteps, ownValues] = [this.steps.slice(from), this.values.slice(from)];
    this.size = from;
    this.changed(from);
    this.reserve(from + ownSteps.length + steps.length);
    const put = (step: number, value: number): void => {
      this.allSteps[this.size] = step;
      this.allValues[this.size++] = value;
    };
    for (let i = 0, j = 0; i < ownSteps.length || j < steps.length;) {
      const [a, b] = [ownSteps[i] ?? Infinity, steps[j] ?? Infinity];
      if (a < b) put(a, ownValues[i++]);
      else {
        put(b, values[j++]);
        if (a === b) i++;
      }
    }
  }

  private shorten(): void {
    if (this.whole) return this.thin();
    const from = this.size - this.most;
    this.allSteps.copyWithin(0, from, this.size);
    this.allValues.copyWithin(0, from, this.size);
    this.size = this.most;
    this.changed(0);
  }

  /** Of each of many equal stretches of steps the lowest and the highest, in their order; a value that is not finite is never lost. */
  private thin(): void {
    const [first, last] = [this.allSteps[0], this.allSteps[this.size - 1]];
    const stretch = (last - first) / (this.most >> 1) || 1;
    let kept = 0;
    const keep = (i: number): void => {
      this.allSteps[kept] = this.allSteps[i];
      this.allValues[kept++] = this.allValues[i];
    };
    for (let at = 0, end = 0; at < this.size; at = end) {
      const until = first + stretch * (1 + Math.floor((this.allSteps[at] - first) / stretch));
      let [low, high, bad] = [at, at, -1];
      for (end = at; end < this.size && (end === at || this.allSteps[end] < until); end++) {
        const value = this.allValues[end];
        if (!Number.isFinite(value) && bad < 0) bad = end;
        if (value < this.allValues[low]) low = end;
        if (value > this.allValues[high]) high = end;
      }
      if (bad >= 0) low = bad;
      keep(Math.min(low, high));
      if (low !== high) keep(Math.max(low, high));
    }
    this.size = kept;
    this.changed(0);
  }

  private reserve(size: number): void {
    if (size <= this.allSteps.length) return;
    const room = Math.max(size, 2 * this.allSteps.length);
    const grown = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const now = new Float64Array(room);
      now.set(old.subarray(0, this.size));
      return now;
    };
    this.allSteps = grown(this.allSteps);
    this.allValues = grown(this.allValues);
  }
}
