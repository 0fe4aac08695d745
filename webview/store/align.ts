// Columns that share an axis of steps, as a chart library wants them. Pure.
import type { ColumnView } from "../../src/record/column";

/**
 * Columns with steps of their own on one common axis, in one pass over them: null where a column's value is not finite, which breaks its
 * line, and undefined where it has none, which lets it pass: a divergence must show as an end, not as a bridge.
 */
export function align(columns: readonly ColumnView[]): {
  steps: number[];
  rows: (number | null | undefined)[][];
} {
  const steps: number[] = [];
  const rows = columns.map((): (number | null | undefined)[] => []);
  const at = columns.map(() => 0);
  for (;;) {
    let next = Infinity;
    for (let k = 0; k < columns.length; k++)
      if (at[k] < columns[k].steps.length) next = Math.min(next, columns[k].steps[at[k]]);
    if (next === Infinity) return { steps, rows };
    steps.push(next);
    for (let k = 0; k < columns.length; k++) {
      const here = columns[k].steps[at[k]] === next;
      const value = here ? columns[k].values[at[k]++] : undefined;
      rows[k].push(value === undefined || Number.isFinite(value) ? value : null);
    }
  }
}
