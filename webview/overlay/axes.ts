// What runs are laid over one another by: steps, time, epochs, or η·step, in which descent at different learning rates follows one curve. Pure.
import { Column } from "../../src/record/column";
import { rateAt } from "../../src/record/limits";
import type { RunModel } from "../store/runModel";

export const axes = {
  step: { label: "step", title: "Step" },
  time: { label: "seconds", title: "Time" },
  epoch: { label: "epoch", title: "Epoch" },
  rateTime: { label: "η·step", title: "η · step" },
} as const;
export type AxisId = keyof typeof axes;

/** Where on the axis a step of a run lies; null where the run does not say. Asked for ascending steps. */
type Place = (step: number) => number;

function placeOn(run: RunModel, axis: AxisId): Place | null {
  const { series, info, verdict } = run;
  const { batchSize } = info.experiment.optimizer;
  switch (axis) {
    case "step":
      return (step) => step;
    case "time":
      return series.clock.length > 0 ? (step) => onLine(series.clock, step) : null;
    case "epoch": {
      if (batchSize === "full") return (step) => step;
      const examples = series.header?.examples ?? verdict?.settings.examples;
      return examples === undefined ? null : (step) => (step * Math.min(batchSize, examples)) / examples;
    }
    case "rateTime":
      return summedRate(run);
  }
}

/** Between two readings of a column on the line that joins them, beyond its ends as at them. */
function onLine({ steps, values }: Column, step: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] < step) low = middle + 1;
    else high = middle;
  }
  if (low >= steps.length) return values[steps.length - 1];
  if (low === 0 || steps[low] === step) return values[low];
  const share = (step - steps[low - 1]) / (steps[low] - steps[low - 1]);
  return values[low - 1] + share * (values[low] - values[low - 1]);
}

/** Σ η over the steps before: η·step, or what a schedule made of it, each rate holding until the next. */
function summedRate(run: RunModel): Place {
  const rates = run.series.column("learningRate");
  const constant = rateAt(run, 0);
  if (rates.length === 0) return (step) => constant * step;
  const { steps, values } = rates;
  let [next, from, sum, rate] = [0, 0, 0, values[0]];
  return (step) => {
    while (next < steps.length && steps[next] <= step) {
      sum += rate * (steps[next] - from);
      [from, rate] = [steps[next], values[next]];
      next++;
    }
    return sum + rate * (step - from);
  };
}

interface Made {
  readonly column: Column;
  readonly stamp: string;
}
const made = new WeakMap<Column, Map<AxisId, Made>>();

/**
 * A run's column along an axis: its values at other places, which ascend strictly as steps do. Asked again it is the same while
 * nothing has changed.
 *
 * @returns null where the run does not say where its steps lie, such as how many examples an epoch has.
 */
export function along(run: RunModel, column: Column, axis: AxisId): Column | null {
  if (axis === "step") return column;
  const { clock } = run.series;
  const rates = run.series.column("learningRate");
  const stamp = [column, clock, rates].map(({ version, length }) => `${version} ${length}`).join();
  const known = made.get(column) ?? new Map<AxisId, Made>();
  made.set(column, known);
  const before = known.get(axis);
  if (before?.stamp === stamp) return before.column;
  const place = placeOn(run, axis);
  if (!place) return null;
  const { steps, values } = column;
  const places = new Float64Array(steps.length);
  const kept = new Float64Array(steps.length);
  let n = 0;
  for (let i = 0; i < steps.length; i++) {
    const at = place(steps[i]);
    // Several steps within one tick of the clock are one place: the latest of them counts.
    if (n > 0 && at <= places[n - 1]) {
      kept[n - 1] = values[i];
      continue;
    }
    if (!Number.isFinite(at)) continue;
    places[n] = at;
    kept[n++] = values[i];
  }
  const moved = Column.of(places.slice(0, n), kept.slice(0, n));
  known.set(axis, { column: moved, stamp });
  return moved;
}
