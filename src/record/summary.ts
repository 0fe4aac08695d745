// A run's metrics in one row: the last reading, the best, and the limit that its settings put on it. Pure.
import { betterOf, placeOf } from "../protocol/metrics";
import type { Column } from "./column";
import { limitsOf } from "./limits";
import type { RunView } from "./runView";

export interface MetricSummary {
  readonly last: number;
  readonly lastStep: number;
  /** null for metrics of which neither larger nor smaller is better, and where no value was finite. */
  readonly best: number | null;
  readonly bestStep: number | null;
  /** The largest value at which the run's settings are stable; null where none speaks. */
  readonly limit: number | null;
}

/** Names in Basin's order, a script's own last. */
export const inOrder = (names: Iterable<string>): string[] =>
  [...new Set(names)].sort((a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : a > b ? 1 : 0));

/** Every scalar a run recorded, by metric name, in Basin's order. Error bars and entries of lists belong to their metric. */
export function summaryOf(run: RunView): ReadonlyMap<string, MetricSummary> {
  const limits: Partial<Record<string, number>> = { ...limitsOf(run) };
  const scalars = [...run.series.latest].filter(
    ([name, { value }]) => typeof value === "number" && !name.endsWith(".error"),
  );
  return new Map(
    inOrder(scalars.map(([name]) => name)).map((name) => {
      const { value, step } = run.series.latest.get(name)!;
      const best = bestOf(run.series.column(name), betterOf(name));
      const limit = limits[name];
      return [
        name,
        {
          last: value as number,
          lastStep: step,
          best: best?.value ?? null,
          bestStep: best?.step ?? null,
          limit: limit !== undefined && Number.isFinite(limit) ? limit : null,
        },
      ];
    }),
  );
}

function bestOf(
  { steps, values }: Column,
  better: "larger" | "smaller" | null,
): { value: number; step: number } | null {
  if (better === null) return null;
  let best = -1;
  for (let i = 0; i < values.length; i++)
    if (
      Number.isFinite(values[i]) &&
      (best < 0 || (better === "larger" ? values[i] > values[best] : values[i] < values[best]))
    )
      best = i;
  return best < 0 ? null : { value: values[best], step: steps[best] };
}
