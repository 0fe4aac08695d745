// What a chart over steps says at a point: the entries of its legend, and the same in words. Pure.
import { num } from "../format";
import type { Theme } from "../theme";
import type { Plan } from "./chart";
import { namedLines, type DrawnLine } from "./curves";
import type { LegendItem } from "./legend";
import type { LineStyle } from "./lineStyles";

/** A plan as it was drawn. */
export interface Drawn {
  readonly plan: Plan;
  readonly lines: readonly DrawnLine[];
  readonly styles: readonly LineStyle[];
  /** The points of each line, on the steps that all of them share. */
  readonly rows: readonly ArrayLike<number | null | undefined>[];
}

/** A line's latest value up to a point; undefined where it has none yet. */
function valueAt(row: Drawn["rows"][number], index: number): number | undefined {
  for (let at = Math.min(index, row.length - 1); at >= 0; at--) {
    const value = row[at];
    if (typeof value === "number") return value;
  }
  return undefined;
}

/** Every line that the legend names, whether on or off. Smoothed, the value is that of the reading and the colour that of the mean. */
export function legendItems(
  { plan, lines, styles, rows }: Drawn,
  index: number,
  { theme, off }: { readonly theme: Theme; readonly off: readonly string[] },
): LegendItem[] {
  return namedLines(plan).map((line) => {
    const { label } = line;
    const behind = lines.findIndex((drawn) => drawn.label === label);
    const front = lines.findLastIndex((drawn) => drawn.label === label);
    const { color, opacity, dash } = front < 0 ? { opacity: 1, dash: [], ...line } : styles[front];
    return {
      label,
      color: theme.color(color, opacity),
      dashed: dash.length > 0,
      value: behind < 0 ? "" : num(valueAt(rows[behind], index)),
      on: !off.includes(label),
    };
  });
}

/** The lines that are on, with their values. */
export const wordsAt = ({ plan, lines, rows }: Drawn, index: number): string =>
  namedLines(plan)
    .map(({ label }) => ({ label, place: lines.findIndex((line) => line.label === label) }))
    .filter(({ place }) => place >= 0)
    .map(({ label, place }) => `${label} ${num(valueAt(rows[place], index))}`)
    .join(", ");
