// Columns that share an axis of steps, as a chart library wants them. Pure.
import type { ColumnView } from "../../src/record/column";

/** Columns with steps of their own on one common axis; null where a column has no value at a step. */
export function align(columns: readonly ColumnView[]): { steps: number[]; rows: (number | null)[][] } {
  const steps = [...new Set(columns.flatMap(({ steps }) => Array.from(steps)))].sort((a, b) => a - b);
  const at = new Map(steps.map((step, i) => [step, i]));
  const rows = columns.map(({ steps: own, values }) => {
    const row = new Array<number | null | undefined>(steps.length).fill(undefined);
    Array.from(own).forEach((step, i) => {
      // null breaks the line, undefined lets it pass: a divergence must show as an end, not as a bridge.
      row[at.get(step) ?? 0] = Number.isFinite(values[i]) ? values[i] : null;
    });
    return row as (number | null)[];
  });
  return { steps, rows };
}
