// What every SVG of curves over steps is made of: a scale, a path through the values that can be drawn, words. Pure.
import { linearTicks } from "../../util/linearTicks";
import { logSplits } from "../../util/logSplits";
import type { ColumnView } from "../column";

/** A value axis from 0 (its lower end) to 1. */
export interface Scale {
  readonly ticks: readonly number[];
  readonly place: (value: number) => number;
}

export interface ScaleOptions {
  /** Values that must lie on it besides those of the curves. */
  readonly levels?: readonly number[];
  /** A log scale, which starts at this value at the lowest. */
  readonly logFrom?: number;
  /** The largest value shown: a limit far beyond all readings must not press them flat. */
  readonly most?: number;
}

/** The scale that holds all finite values of the curves, with a little room above them. */
export function scaleOf(
  curves: readonly ColumnView[],
  { levels = [], logFrom, most = Infinity }: ScaleOptions = {},
): Scale {
  const values = curves.flatMap(({ values }) => Array.from(values)).filter(Number.isFinite);
  const high = Math.min(most, Math.max(...values, ...levels.filter(Number.isFinite)));
  if (logFrom === undefined) {
    const low = Math.min(0, ...values);
    const to = low + 1.12 * (high - low || 1);
    return { ticks: linearTicks(low, to), place: (value) => (value - low) / (to - low) };
  }
  const low = Math.max(logFrom, Math.min(...values.filter((value) => value > 0)));
  const [from, to] = [low / 1.5, high * 1.5];
  return { ticks: logSplits(from, to), place: (value) => Math.log(value / from) / Math.log(to / from) };
}

/** A line through the values that can be drawn; it breaks at the others. */
export function pathOf(
  { steps, values }: ColumnView,
  x: (step: number) => number,
  y: (value: number) => number,
  visible: (value: number) => boolean = Number.isFinite,
): string {
  let pen = "M";
  return Array.from(steps)
    .flatMap((step, i) => {
      if (!visible(values[i])) {
        pen = "M";
        return [];
      }
      const point = `${pen}${fixed(x(step))} ${fixed(y(values[i]))}`;
      pen = "L";
      return [point];
    })
    .join("");
}

/** A coordinate in as few characters as a picture needs. */
export const fixed = (value: number): string => String(Number(value.toFixed(1)));

/** Words as SVG text: nothing in them is markup. */
export const escaped = (words: string): string =>
  words.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
