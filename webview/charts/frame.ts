// The frame of a chart on a canvas: two axes, linear or logarithmic, with round ticks and labels. Pure but for `drawFrame`.
import { tick } from "../format";
import type { Theme } from "../theme";
import { linearTicks } from "../../src/util/linearTicks";
import { logSplits } from "../../src/util/logSplits";

export interface Axis {
  readonly label: string;
  readonly ticks: readonly number[];
  /** Place of a value between the axis' ends, 0 to 1; values outside stay at the end they passed. */
  readonly place: (value: number) => number;
}

export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export const boxOf = (width: number, height: number): Box => ({
  left: 58,
  right: Math.max(59, width - 12),
  top: 8,
  bottom: height - 34,
});

const between = (x: number): number => (Number.isFinite(x) ? Math.max(0, Math.min(1, x)) : x > 0 ? 1 : 0);

export function linearAxis(label: string, min: number, max: number): Axis {
  const [from, to] = max > min ? [min, max] : [min - 0.5, min + 0.5];
  return { label, ticks: linearTicks(from, to), place: (value) => between((value - from) / (to - from)) };
}

/** Both ends positive. */
export function logAxis(label: string, min: number, max: number, ticks?: readonly number[]): Axis {
  const [from, to] = max > min ? [min, max] : [min / 2, min * 2];
  const span = Math.log(to / from);
  return {
    label,
    ticks: ticks ?? logSplits(from, to),
    place: (value) => (value > 0 ? between(Math.log(value / from) / span) : 0),
  };
}

/** Draws both axes; returns where their values lie on the canvas. */
export function drawFrame(
  context: CanvasRenderingContext2D,
  box: Box,
  { x, y }: { readonly x: Axis; readonly y: Axis },
  theme: Theme,
): { readonly x: (value: number) => number; readonly y: (value: number) => number } {
  const { left, right, top, bottom } = box;
  const at = {
    x: (value: number) => left + x.place(value) * (right - left),
    y: (value: number) => bottom - y.place(value) * (bottom - top),
  };
  context.font = theme.font;
  context.strokeStyle = theme.color("grid");
  context.fillStyle = theme.color("muted");
  context.lineWidth = 1;
  context.strokeRect(left + 0.5, top + 0.5, right - left, bottom - top);
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const value of x.ticks) context.fillText(tick(value), at.x(value), bottom + 5);
  context.fillText(x.label, (left + right) / 2, bottom + 20);
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const value of y.ticks) context.fillText(tick(value), left - 6, at.y(value));
  context.save();
  context.translate(9, (top + bottom) / 2);
  context.rotate(-Math.PI / 2);
  context.textAlign = "center";
  context.fillText(y.label, 0, 0);
  context.restore();
  return at;
}
