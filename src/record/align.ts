// Columns that share an axis of steps, as a chart library and a table want them. Pure.
import type { ColumnView } from "./column";

/** Columns with steps of their own on one common axis, in one pass over them: undefined where a column has no value at a step. */
export function align(columns: readonly ColumnView[]): {
  steps: number[];
  rows: (number | undefined)[][];
} {
  const steps: number[] = [];
  const rows = columns.map((): (number | undefined)[] => []);
  const at = columns.map(() => 0);
  for (;;) {
    let next = Infinity;
    for (let k = 0; k < columns.length; k++)
      if (at[k] < columns[k].steps.length) next = Math.min(next, columns[k].steps[at[k]]);
    if (next === Infinity) return { steps, rows };
    steps.push(next);
    for (let k = 0; k < columns.length; k++)
      rows[k].push(columns[k].steps[at[k]] === next ? columns[k].values[at[k]++] : undefined);
  }
}
