// A running mean over a curve's readings, as TensorBoard has it: what is not finite ends it, and nothing leads across. Pure.
import { Column } from "../../src/record/column";

/** The strengths a chart offers: the share that each reading keeps of the mean before it. */
export const strengths = [0, 0.6, 0.9, 0.97, 0.99] as const;

interface Running {
  readonly column: Column;
  readonly version: number;
  mean: number;
  /** Weight of the readings so far: 1 − strengthⁿ, which the mean is divided by so that it does not start at 0. */
  weight: number;
}

const running = new WeakMap<Column, Map<number, Running>>();

/**
 * m ← s·m + (1−s)·x, divided by 1 − sⁿ. Asked again it only adds what came since.
 * @param strength  s, from 0 (the curve itself) to below 1.
 * @source Kingma & Ba, ICLR 2015, §3, for the division.
 */
export function smoothed(from: Column, strength: number): Column {
  if (!(strength > 0)) return from;
  const known = running.get(from) ?? new Map<number, Running>();
  running.set(from, known);
  let now = known.get(strength);
  if (now?.version !== from.version) {
    now = { column: new Column(), version: from.version, mean: 0, weight: 0 };
    known.set(strength, now);
  }
  const { steps, values } = from;
  for (let i = now.column.length; i < steps.length; i++) {
    const value = values[i];
    if (Number.isFinite(value)) {
      now.mean = strength * now.mean + (1 - strength) * value;
      now.weight = strength * now.weight + (1 - strength);
      now.column.add(steps[i], now.mean / now.weight);
    } else {
      now.mean = 0;
      now.weight = 0;
      now.column.add(steps[i], value);
    }
  }
  return now.column;
}
