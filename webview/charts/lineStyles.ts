// Which colour and dash each line of a chart has: its own, and in high contrast one that no other line of the chart has. Pure.
import { isOwn, type ColorName, type LineColor, type Theme } from "../theme";
import type { DrawnLine } from "./curves";

/** What a line is drawn with. */
export interface LineStyle {
  readonly color: LineColor;
  readonly dash: readonly number[];
  readonly opacity: number;
}

/** Red, which limits have, is the last to be given away. */
const apart: readonly ColorName[] = ["blue", "orange", "green", "purple", "yellow", "red"];
/** One after another, so that lines are told apart without any colour. */
const dashes: readonly (readonly number[])[] = [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 2], [12, 4]];

/** Whether lines have colours of their own, which tell runs apart in every theme. */
const areRuns = (lines: readonly DrawnLine[]): boolean => lines.some(({ color }) => isOwn(color));

/** A style for each line, up to 36 of them different in high contrast. A raw curve looks like its running mean, but faint. */
export function lineStyles(lines: readonly DrawnLine[], { contrast }: Pick<Theme, "contrast">): LineStyle[] {
  if (!contrast || areRuns(lines))
    return lines.map(({ color, dash = [], opacity = 1 }) => ({ color, dash, opacity }));
  // The line that matters most has its own colour and no dashes.
  const byWeight = [...lines].sort((a, b) => (b.width ?? 0) - (a.width ?? 0));
  const labels = [...new Set(byWeight.map(({ label }) => label))];
  const colors: ColorName[] = [];
  for (const label of labels.slice(0, apart.length)) {
    const own = lines.find((line) => line.label === label)?.color;
    const free = apart.filter((one) => !colors.includes(one));
    colors.push(free.find((one) => one === own) ?? free[0]);
  }
  return lines.map(({ label, raw, opacity = 1 }) => {
    const i = labels.indexOf(label);
    const dash = dashes[(i + Math.floor(i / apart.length)) % dashes.length];
    return { color: colors[i % apart.length], dash, opacity: raw ? opacity : 1 };
  });
}
